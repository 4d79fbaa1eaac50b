/** How a device stands in /sys: a directory, links to it from its bus, and files in it. */
import type { MemoryDisk } from "./disk.ts"
import { put } from "./put.ts"

export const hex = (value: number, digits: number): string =>
  value.toString(16).padStart(digits, "0")

const up = (depth: number): string => "../".repeat(depth)

/** A link at `path` to something else below /sys, relative as the kernel makes it. */
export const link = (disk: MemoryDisk, path: string, target: string): void => {
  const directory = path.slice(0, path.lastIndexOf("/"))
  disk.makeDirectories(directory)
  const depth = directory.split("/").length - 2
  disk.symlink(`${up(depth)}${target.slice("/sys/".length)}`, path)
}

/** Each under its name, with the newline that sysfs ends its files with. */
export const putAll = (
  disk: MemoryDisk,
  directory: string,
  values: { readonly [name: string]: string | number | undefined }
): void => {
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) put(disk, `${directory}/${name}`, { text: `${value}\n` })
}

export const putBytes = (disk: MemoryDisk, path: string, bytes: Uint8Array): void => {
  const file = disk.createFile(path, 0o644, false)
  disk.truncate(file, 0)
  disk.write(file, bytes)
}

type Values = { readonly [key: string]: string | number | undefined }

const lines = (values: Values): string =>
  Object.entries(values)
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}\n`]))
    .join("")

export const putUevent = (disk: MemoryDisk, directory: string, values: Values): void =>
  put(disk, `${directory}/uevent`, { text: lines(values) })

/** What udev remembers of a device, where a host has udev. */
export interface UdevRecord {
  readonly properties?: { readonly [key: string]: string }
  /** Below /dev: `disk/by-id/ata-x`. */
  readonly links?: readonly string[]
}

/** `name`: `b8:0`, `n3`, `+usb:1-2`. */
export const putRecord = (disk: MemoryDisk, name: string, record: UdevRecord | undefined): void => {
  if (record === undefined) return
  const properties = lines(record.properties ?? {}).replaceAll(/^(?=.)/gm, "E:")
  const links = (record.links ?? []).map((path) => `S:${path}\n`).join("")
  put(disk, `/run/udev/data/${name}`, { text: `${links}I:1\n${properties}G:systemd\n` })
}

/** Where the device is of which another one is a part; the devices of no bus have none. */
export const placeBelow = (disk: MemoryDisk, pci: string | undefined): string =>
  pci === undefined ? "/sys/devices/virtual" : realPath(disk, `/sys/bus/pci/devices/${pci}`)

/** Where a link leads. */
export const realPath = (disk: MemoryDisk, path: string): string => {
  const node = disk.node(path)
  if (node.kind !== "symlink") return path
  const parts = path.split("/").slice(0, -1)
  for (const part of node.target.split("/")) {
    if (part === "..") parts.pop()
    else parts.push(part)
  }
  return parts.join("/")
}

/** A directory with all that is in it; links to it stay, and lead nowhere. */
export const removeTree = (disk: MemoryDisk, path: string): void => {
  for (const name of disk.names(path)) {
    const below = `${path}/${name}`
    if (disk.node(below).kind === "directory") removeTree(disk, below)
    else disk.unlink(below)
  }
  disk.removeDirectory(path)
}

/**
 * Takes a device away with all that is below it, and their names on buses and in classes; `link` is
 * one of its own.
 */
export const unplug = (disk: MemoryDisk, link: string): void => {
  const gone = realPath(disk, link)
  removeTree(disk, gone)
  for (const path of disk.paths()) {
    if (!path.startsWith("/sys/") || disk.node(path).kind !== "symlink") continue
    if (`${realPath(disk, path)}/`.startsWith(`${gone}/`)) disk.unlink(path)
  }
}
