/**
 * What the kernel and udev wrote down about a device: its attributes and `uevent` in sysfs, the
 * links in its directory, and udev's record of it where udev runs. Every read is bounded; what is
 * not there, or no longer, is `undefined`. Never fails.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Files } from "./files.ts"
import { numberIn } from "./node-files.ts"

/** An attribute of sysfs is one page, and the largest pages of Linux have 64 KiB. */
const attributeBytesMax = 64 * 1024

/** A record has some dozens of properties and links of at most a path each. */
const recordBytesMax = 1024 * 1024

export type Properties = { readonly [key: string]: string }

export interface UdevRecord {
  readonly properties: Properties
  /** `/dev/disk/by-id/...`, in order. */
  readonly links: readonly string[]
}

export const readBytes = (
  path: string,
  bytesMax: number
): Effect.Effect<Uint8Array | undefined, never, Files> =>
  Effect.flatMap(Files, (files) => files.read(path, bytesMax)).pipe(
    Effect.catch(() => Effect.succeed(undefined))
  )

const readBounded = (path: string, bytesMax: number) =>
  Effect.map(readBytes(path, bytesMax), (bytes) =>
    bytes === undefined ? undefined : new TextDecoder().decode(bytes)
  )

const isPrintable = (character: string): boolean => character >= " " && character !== "\u007f"

/** Without control characters and the white space around it; empty is unknown. */
export const readAttribute = (
  path: string,
  name: string
): Effect.Effect<string | undefined, never, Files> =>
  Effect.map(readBounded(`${path}/${name}`, attributeBytesMax), (text) => {
    const line = text === undefined ? "" : [...text].filter(isPrintable).join("").trim()
    return line === "" ? undefined : line
  })

/** A decimal number that is not negative. */
export const readCount = (
  path: string,
  name: string
): Effect.Effect<number | undefined, never, Files> =>
  Effect.map(readAttribute(path, name), numberIn)

/** Hexadecimal digits, with `0x` before them or not. */
export const hexIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^(0x)?[0-9a-f]{1,12}$/i.test(text) ? Number.parseInt(text, 16) : undefined

export const readHex = (
  path: string,
  name: string
): Effect.Effect<number | undefined, never, Files> => Effect.map(readAttribute(path, name), hexIn)

/** `KEY=value` lines. */
export const propertiesIn = (text: string): Properties =>
  Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const at = line.indexOf("=")
      return at < 1 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    })
  )

/** What the kernel tells of a device when it comes; `undefined` when it is gone. */
export const readUevent = (path: string): Effect.Effect<Properties | undefined, never, Files> =>
  Effect.map(readBounded(`${path}/uevent`, attributeBytesMax), (text) =>
    text === undefined ? undefined : propertiesIn(text)
  )

const lastOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** Under which name udev has it: by number where it has a node, by interface, or by its place. */
const recordName = (path: string, uevent: Properties, subsystem: string): string => {
  const { MAJOR: major, MINOR: minor, IFINDEX: index } = uevent
  if (major !== undefined && minor !== undefined)
    return `${subsystem === "block" ? "b" : "c"}${major}:${minor}`
  return index === undefined ? `+${subsystem}:${lastOf(path)}` : `n${index}`
}

const noRecord: UdevRecord = { properties: {}, links: [] }

/** Empty where udev does not run. */
export const readUdev = (
  path: string,
  uevent: Properties,
  subsystem: string
): Effect.Effect<UdevRecord, never, Files> =>
  Effect.map(
    readBounded(`/run/udev/data/${recordName(path, uevent, subsystem)}`, recordBytesMax),
    (text) => {
      if (text === undefined) return noRecord
      const lines = text.split("\n")
      const of = (letter: string) =>
        lines.filter((line) => line.startsWith(`${letter}:`)).map((line) => line.slice(2))
      return {
        properties: propertiesIn(of("E").join("\n")),
        links: of("S").map((link) => `/dev/${link}`)
      }
    }
  )

/** Where a link of sysfs leads; `undefined` for what is no link, or no longer there. */
export const readPath = (link: string): Effect.Effect<string | undefined, never, Files> =>
  Effect.flatMap(Files, (files) => files.readLink(link)).pipe(
    Effect.map((target) => resolved(link, target)),
    Effect.catch(() => Effect.succeed(undefined))
  )

const resolved = (link: string, target: string): string => {
  if (target.startsWith("/")) return target
  const parts = link.split("/").slice(0, -1)
  for (const part of target.split("/")) {
    if (part === "..") parts.pop()
    else if (part !== "." && part !== "") parts.push(part)
  }
  return parts.join("/")
}

/** The last name of what a link leads to: `vfio-pci` of `driver`. */
export const readTarget = (
  path: string,
  name: string
): Effect.Effect<string | undefined, never, Files> =>
  Effect.flatMap(Files, (files) => files.readLink(`${path}/${name}`)).pipe(
    Effect.map(lastOf),
    Effect.catch(() => Effect.succeed(undefined))
  )

/** Where many links lead, in order; `undefined` as above. */
export const readPaths = (
  links: readonly string[]
): Effect.Effect<readonly (string | undefined)[], never, Files> =>
  Effect.flatMap(Files, (files) => files.readLinks(links)).pipe(
    Effect.map((found) =>
      found.map((one, index) =>
        Result.isSuccess(one) ? resolved(links[index] ?? "", one.success) : undefined
      )
    )
  )

/** The last names of what many links lead to. */
export const readTargets = (
  links: readonly string[]
): Effect.Effect<readonly (string | undefined)[], never, Files> =>
  Effect.map(
    Effect.flatMap(Files, (files) => files.readLinks(links)),
    (found) => found.map((one) => (Result.isSuccess(one) ? lastOf(one.success) : undefined))
  )

/** Reads under way at once: enough for the threads behind them, few enough for everybody else. */
export const readsAtOnce = 16

export { lastOf }
