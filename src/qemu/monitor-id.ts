/**
 * The token by which a QEMU process is known as ours: the id of its monitor's chardev, which stands
 * in its command line from its first instruction to its last. Pure text.
 */
import { assert } from "../base/assert.ts"

/** What a QEMU of ours says about itself. */
export interface MonitorToken {
  /** Which engine root it belongs to: letters, digits, `_`, `-`. */
  readonly root: string
  /** Which start of the domain, of the same letters. */
  readonly epoch: string
  /** Of the domain, lower case with hyphens. */
  readonly uuid: string
}

const word = /^[A-Za-z0-9_-]{1,64}$/
const uuid = /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/
const uuidHex = /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/

/** Every id of a root begins so; for `findByToken`. */
export const monitorIdPrefix = (root: string): string => `troupe.${root}.`

/**
 * `troupe.ROOT.EPOCH.UUIDHEX`: QEMU wants a letter first, then letters, digits, `-`, `.` and `_`
 * (`id_wellformed`, util/id.c). The dot divides, so no part may hold one.
 */
export const monitorId = (token: MonitorToken): string => {
  assert(word.test(token.root), "a root's id is a word")
  assert(word.test(token.epoch), "an epoch is a word")
  assert(uuid.test(token.uuid), "a domain's uuid is in its canonical form")
  return `${monitorIdPrefix(token.root)}${token.epoch}.${token.uuid.replaceAll("-", "")}`
}

/** `undefined` for an id that is not ours. */
export const parseMonitorId = (id: string): MonitorToken | undefined => {
  const [troupe, root = "", epoch = "", hex = "", ...more] = id.split(".")
  const groups = uuidHex.exec(hex)?.slice(1)
  const isOurs = troupe === "troupe" && word.test(root) && word.test(epoch) && more.length === 0
  return isOurs && groups !== undefined ? { root, epoch, uuid: groups.join("-") } : undefined
}

/** The words that give a QEMU its monitor on an inherited listening socket. */
export const monitorArguments = (id: string, fd: number): readonly string[] => [
  "-chardev",
  `socket,id=${id},fd=${fd},server=on,wait=off`,
  "-mon",
  `chardev=${id},mode=control`
]

/** The monitor id in a command line that `monitorArguments` is part of. */
export const monitorIdIn = (argv: readonly string[]): string | undefined => {
  for (const [index, text] of argv.entries()) {
    if (argv[index - 1] !== "-chardev") continue
    const id = /^socket,id=(troupe\.[^,]+),/.exec(text)?.[1]
    if (id !== undefined) return id
  }
  return undefined
}
