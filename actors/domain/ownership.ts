/**
 * Which of a guest's files its account has to be given for the time that it runs, as
 * `dynamic_ownership` wants it, and whose they were. Looks only: giving and giving back is
 * holds.ts's. Regular files, block devices, and the nodes of host devices; never what a link points
 * to, but for the links that the host itself keeps in /dev.
 */
import * as Effect from "effect/Effect"
import { type FileStat, Files } from "../../src/host/files.ts"
import type { BackingStore, DiskSource } from "../../src/model/device/disk.ts"
import { devicesOf } from "../../src/model/device.ts"
import type { Domain } from "../../src/model/domain.ts"
import { nodesOf } from "../../src/node/hostdev-node.ts"
import type { StatusRecord } from "../../src/store/status.ts"
import { type Account, mayUse } from "./account.ts"

export type Owner = NonNullable<StatusRecord["holds"]>["owners"][number]

interface Need {
  readonly path: string
  /** The guest's alone, and written: it becomes the account's in any case, as under libvirt. */
  readonly isOwn: boolean
}

const pathOf = (source: DiskSource): string | undefined => {
  if (source.type === "file") return source.file
  return source.type === "block" ? source.dev : undefined
}

const chainOf = (backing: BackingStore | undefined): readonly (string | undefined)[] =>
  backing?.type === "image" ? [pathOf(backing.source), ...chainOf(backing.backingStore)] : []

/** What QEMU opens of the definition's own files. */
export const needsOf = (live: Domain): readonly Need[] => {
  const needs: Need[] = []
  const add = (path: string | undefined, isOwn: boolean) => {
    if (path?.startsWith("/") === true && !needs.some((need) => need.path === path))
      needs.push({ path, isOwn })
  }
  for (const disk of devicesOf(live, "disk")) {
    add(pathOf(disk.source), !disk.isReadonly && !disk.isShareable && disk.device !== "cdrom")
    for (const path of chainOf(disk.backingStore)) add(path, false)
  }
  const { kernel, initrd, dtb, nvram, loader } = live.os
  add(nvram?.path, true)
  for (const path of [kernel, initrd, dtb, loader?.path]) add(path, false)
  return needs
}

const linksMax = 8

/** The device node behind the links of /dev; any other path as it is. */
const nodeOf = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  let at = path
  for (let links = 0; links < linksMax; links++) {
    const stat = yield* files.stat(at)
    if (stat.kind !== "symlink" || !at.startsWith("/dev/")) return { path: at, stat }
    const target = yield* files.readLink(at)
    at = normal(target.startsWith("/") ? target : `${at.slice(0, at.lastIndexOf("/"))}/${target}`)
  }
  return { path: at, stat: yield* files.stat(at) }
})

const normal = (path: string): string => {
  const kept: string[] = []
  for (const part of path.split("/")) {
    if (part === "..") kept.pop()
    else if (part !== "" && part !== ".") kept.push(part)
  }
  return `/${kept.join("/")}`
}

const isGiven = (stat: FileStat, { isOwn }: Need, to: Account): boolean => {
  if (stat.kind !== "file" && stat.kind !== "block") return false
  if (isOwn) return stat.uid !== to.uid || stat.gid !== to.gid
  // What others use too changes hands only where there is no other way.
  return !mayUse(to, stat, 4)
}

/** Where nodes come into being while a guest is started: root's, as all of the kernel's making. */
const isToCome = (path: string): boolean => path.startsWith("/dev/vfio/")

const root = { uid: 0, gid: 0 }

/**
 * The nodes of host devices that are to change their owner. VFIO's may be made only when the
 * device is taken from its driver, after this was asked.
 */
export const nodesToChange = Effect.fnUntraced(function* (
  devices: Pick<Domain, "devices">,
  { uid, gid }: Account
) {
  const files = yield* Files
  const owners: Owner[] = []
  for (const path of yield* nodesOf(devices)) {
    const found = yield* Effect.option(files.stat(path))
    const stat = found._tag === "Some" ? found.value : undefined
    if (stat === undefined ? !isToCome(path) : stat.kind !== "character") continue
    const from = stat === undefined ? root : { uid: stat.uid, gid: stat.gid }
    if (from.uid !== uid || from.gid !== gid) owners.push({ path, from, to: { uid, gid } })
  }
  return owners
})

/** The files that are to change their owner. One that is not there is QEMU's to complain of. */
export const ownersToChange = Effect.fnUntraced(function* (live: Domain, to: Account) {
  const owners: Owner[] = []
  for (const need of needsOf(live)) {
    const found = yield* Effect.option(nodeOf(need.path))
    if (found._tag === "None" || !isGiven(found.value.stat, need, to)) continue
    const { path, stat } = found.value
    if (owners.some((owner) => owner.path === path)) continue
    const from = { uid: stat.uid, gid: stat.gid }
    owners.push({ path, from, to: { uid: to.uid, gid: to.gid } })
  }
  return [...owners, ...(yield* nodesToChange(live, to))]
})
