/**
 * Whom QEMU runs as: the `user` and `group` of the config, looked up in the host's files. Names or
 * `+NUMBER`, as libvirt takes them. Nothing set means: as the engine itself.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { ConfigValues } from "../../src/config/snapshot.ts"
import { Files } from "../../src/host/files.ts"
import { launchFacts } from "../../src/qemu/launch-facts.ts"
import type { LaunchPlan } from "../../src/qemu/launch-plan.ts"

export type Account = NonNullable<LaunchPlan["user"]>

/** The config names an account that the host does not have, or that we may not become. */
export class NoAccount extends Data.TaggedError("NoAccount")<{
  readonly key: "user" | "group"
  readonly name: string
  readonly why: string
}> {
  override get message(): string {
    return `QEMU cannot run with the config's ${this.key} '${this.name}': ${this.why}`
  }
}

const accountsBytesMax = 16 * 1024 * 1024

/** Rows of /etc/passwd or /etc/group, by their fields (passwd(5), group(5)). */
const rows = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  const text = new TextDecoder().decode(yield* files.read(path, accountsBytesMax))
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => line.split(":"))
})

/** All ones is "leave it as it is" to the kernel (setresuid(2)), and so no account. */
const numberMax = 2 ** 32 - 2

const numbered = (name: string): number | undefined => {
  if (!/^\+?[0-9]{1,10}$/.test(name)) return undefined
  const number = Number(name.replace("+", ""))
  return number <= numberMax ? number : undefined
}

type Row = readonly string[]

/** A name comes before a number, unless that is marked by its plus. */
const rowOf = (all: readonly Row[], name: string): Row | undefined =>
  all.find(([own]) => own === name) ?? all.find(([, , number]) => number === String(numbered(name)))

const numberOf = (row: Row | undefined, name: string): number | undefined =>
  row === undefined ? numbered(name) : Number(row[2])

const refuse = (key: "user" | "group", name: string, why: string) =>
  new NoAccount({ key, name, why })

const unknown = "the host does not know it"
const needsGroup = "it is in no row of /etc/passwd, and no group is set beside it"

/** `undefined`: QEMU stays who the engine is. */
export const accountOf = Effect.fnUntraced(function* (values: ConfigValues) {
  const { user, group } = values
  if (user === "" && group === "") return undefined
  const self = yield* launchFacts
  const row = user === "" ? undefined : rowOf(yield* rows("/etc/passwd"), user)
  const uid = user === "" ? self.uid : numberOf(row, user)
  if (uid === undefined) return yield* refuse("user", user, unknown)
  const groups = yield* rows("/etc/group")
  const own = user === "" ? self.gid : row === undefined ? undefined : Number(row[3])
  const gid = group === "" ? own : numberOf(rowOf(groups, group), group)
  if (gid === undefined)
    return yield* group === "" ? refuse("user", user, needsGroup) : refuse("group", group, unknown)
  if (uid === self.uid && gid === self.gid) return undefined
  if (uid !== self.uid && !self.capabilities.has("setuid"))
    return yield* refuse("user", user, `the engine is user ${self.uid} and may not become another`)
  if (!self.capabilities.has("setgid"))
    return yield* refuse("group", group, `the engine, user ${self.uid}, may not change its groups`)
  const name = row?.[0]
  const memberships = groups
    .filter(([, , , members = ""]) => name !== undefined && members.split(",").includes(name))
    .map(([, , number]) => Number(number))
  const account: Account = { uid, gid, groups: [...new Set([gid, ...memberships])] }
  return account
})

/** Whether the account may do this (4 read, 2 write, 1 search) by a file's owner and mode. */
export const mayUse = (
  { uid, gid, groups }: Account,
  file: { readonly uid: number; readonly gid: number; readonly mode: number },
  bits: number
): boolean => {
  if (uid === 0) return true
  const shift = file.uid === uid ? 6 : file.gid === gid || groups.includes(file.gid) ? 3 : 0
  return ((file.mode >> shift) & bits) === bits
}
