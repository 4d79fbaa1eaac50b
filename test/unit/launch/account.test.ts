/**
 * Goal: the config's `user` and `group` become exactly the ids that the host has for them, and what
 * we may not become is refused before anything is done.
 * Method: a pretended host: its passwd, group and /proc as texts, its engine as any user.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { accountOf, mayUse } from "../../../actors/domain/account.ts"
import { defaults } from "../../../src/config/snapshot.ts"
import { FileError, Files } from "../../../src/host/files.ts"
import { Processes } from "../../../src/host/process.ts"

const passwd = [
  "root:x:0:0:root:/root:/bin/bash",
  "vm:x:64055:105:QEMU:/var/lib/vm:/usr/sbin/nologin",
  "1000:x:70:71:a name of digits:/:/bin/false",
  ""
].join("\n")

const group = ["root:x:0:", "kvm:x:106:vm,other", "disk:x:6:other", "vm:x:105:", ""].join("\n")

interface Who {
  readonly uid: number
  readonly capabilities: string
}

const root: Who = { uid: 0, capabilities: "00000000000000c0" }
const ordinary: Who = { uid: 500, capabilities: "0000000000000000" }

const hostOf = ({ uid, capabilities }: Who) => {
  const texts: { readonly [path: string]: string } = {
    "/etc/passwd": passwd,
    "/etc/group": group,
    "/proc/7/status": `CapEff:\t${capabilities}\nGroups:\t\nUmask:\t0022\nCpus_allowed_list:\t0\n`,
    "/proc/7/limits": "",
    "/proc/7/stat": "7 (node) S 1"
  }
  const lacking = (path: string) =>
    Effect.fail(new FileError({ operation: "read", path, code: "ENOENT" }))
  const files = {
    read: (path: string) => {
      const text = texts[path]
      return text === undefined ? lacking(path) : Effect.succeed(new TextEncoder().encode(text))
    },
    stat: lacking
  }
  const self = Effect.succeed({ pid: 7, uid, gid: uid })
  return Context.make(Files, files as unknown as Files["Service"]).pipe(
    Context.add(Processes, { self } as unknown as Processes["Service"])
  )
}

const account = (who: Who, user: string, groupName = "") => {
  const values = { ...defaults(1).values, user, group: groupName }
  return Effect.runSync(Effect.result(Effect.provideContext(accountOf(values), hostOf(who))))
}

test.each([
  ["vm", "", { uid: 64_055, gid: 105, groups: [105, 106] }],
  ["vm", "disk", { uid: 64_055, gid: 6, groups: [6, 106] }],
  ["64055", "", { uid: 64_055, gid: 105, groups: [105, 106] }],
  ["1000", "", { uid: 70, gid: 71, groups: [71] }],
  ["+1000", "kvm", { uid: 1000, gid: 106, groups: [106] }],
  ["", "kvm", { uid: 0, gid: 106, groups: [106] }],
  ["+3", "+4", { uid: 3, gid: 4, groups: [4] }]
])("user '%s' with group '%s' is known", (user, groupName, expected) => {
  expect(account(root, user, groupName)).toMatchObject({ success: expected })
})

test.each([
  ["", ""],
  ["root", "root"],
  ["+0", ""]
])("user '%s' with group '%s' is who we are", (user, groupName) => {
  expect(account(root, user, groupName)).toMatchObject({ success: undefined })
})

test.each([
  ["nobody", "", "user 'nobody': the host does not know it"],
  ["vm", "none", "group 'none': the host does not know it"],
  ["+77", "", "user '+77': it is in no row of /etc/passwd, and no group is set beside it"],
  ["+4294967295", "kvm", "user '+4294967295': the host does not know it"]
])("user '%s' with group '%s' is not", (user, groupName, why) => {
  expect(account(root, user, groupName)).toMatchObject({
    failure: { message: `QEMU cannot run with the config's ${why}` }
  })
})

test("an ordinary user becomes nobody else", () => {
  expect(account(ordinary, "vm")).toMatchObject({
    failure: { key: "user", why: "the engine is user 500 and may not become another" }
  })
  expect(account(ordinary, "", "kvm")).toMatchObject({
    failure: { key: "group", why: "the engine, user 500, may not change its groups" }
  })
  expect(account(ordinary, "+500", "+500")).toMatchObject({ success: undefined })
})

test("an account may what the file's mode says of the first class it is in", () => {
  const vm = { uid: 64_055, gid: 105, groups: [105, 106] }
  const file = (uid: number, gid: number, mode: number) => ({ uid, gid, mode })
  expect(mayUse(vm, file(0, 0, 0o604), 4)).toBe(true)
  expect(mayUse(vm, file(0, 0, 0o640), 4)).toBe(false)
  expect(mayUse(vm, file(0, 106, 0o640), 4)).toBe(true)
  expect(mayUse(vm, file(64_055, 0, 0o066), 4)).toBe(false)
  expect(mayUse(vm, file(0, 105, 0o606), 6)).toBe(false)
  expect(mayUse({ uid: 0, gid: 0, groups: [] }, file(1, 1, 0), 6)).toBe(true)
})
