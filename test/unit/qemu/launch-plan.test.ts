/**
 * Goal: a chain has a link for what differs and no other; what this host or user cannot do is
 * refused by name. No field is ever left out silently.
 * Method: a plan against facts, no process.
 */
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import {
  execChain,
  type LaunchFacts,
  type LaunchPlan,
  needsFacts
} from "../../../src/qemu/launch-plan.ts"

const tools = {
  prlimit: "/usr/bin/prlimit",
  nice: "/usr/bin/nice",
  taskset: "/usr/bin/taskset",
  setpriv: "/usr/bin/setpriv",
  sh: "/bin/sh"
}

const limit = { soft: 1024, hard: 4096 } as const

const ordinary: LaunchFacts = {
  uid: 1000,
  gid: 1000,
  groups: [1000, 27],
  umask: 0o22,
  nice: 0,
  cpus: [0, 1, 2, 3],
  capabilities: new Set(),
  limits: { memlock: limit, nofile: limit, core: limit, nproc: limit },
  tools
}

const root: LaunchFacts = {
  ...ordinary,
  uid: 0,
  gid: 0,
  groups: [],
  capabilities: new Set(["setuid", "setgid", "nice", "resource"])
}

const argv = ["/usr/bin/qemu", "-S", 'it\'s "$@" $(rm)'] as const

const planOf = (more: Partial<LaunchPlan>): LaunchPlan => ({
  argv,
  environment: {},
  directory: "/",
  monitor: { path: "/run/m", id: "troupe.a.b.c" },
  logPath: "/log",
  ...more
})

const chain = (more: Partial<LaunchPlan>, facts: LaunchFacts) =>
  Result.getOrThrow(execChain(planOf(more), argv, facts))

const refusal = (more: Partial<LaunchPlan>, facts: LaunchFacts) => {
  const made = execChain(planOf(more), argv, facts)
  return Result.isFailure(made) ? made.failure.field : undefined
}

test("without wishes QEMU is run as it is", () => {
  expect(chain({}, ordinary)).toEqual(argv)
  expect(needsFacts(planOf({}))).toBe(false)
})

test("what is so already has no link", () => {
  const user = { uid: 1000, gid: 1000, groups: [27, 1000] }
  const same = { user, nice: 0, umask: 0o22, cpus: [3, 2, 1, 0] }
  expect(needsFacts(planOf(same))).toBe(true)
  expect(chain(same, ordinary)).toEqual(argv)
})

test("each wish has its link, the user's being the last before QEMU", () => {
  const all = {
    limits: { memlock: "unlimited", nofile: 9_999, core: 0 },
    nice: -3,
    cpus: [1, 3],
    umask: 0o77,
    user: { uid: 64_055, gid: 104, groups: [104, 36] }
  } as const
  expect(chain(all, root)).toEqual(
    [
      ["/usr/bin/prlimit", "--memlock=unlimited:unlimited", "--nofile=9999:9999", "--core=0:0"],
      ["/usr/bin/nice", "-n", "-3"],
      ["/usr/bin/taskset", "-c", "1,3"],
      ["/bin/sh", "-c", 'umask 0077 && exec "$@"', "sh"],
      ["/usr/bin/setpriv", "--reuid", "64055", "--regid", "104", "--groups", "104,36"],
      argv
    ].flat()
  )
})

test("niceness is told relative to our own", () => {
  expect(chain({ nice: 5 }, { ...ordinary, nice: 10, capabilities: new Set(["nice"]) })).toEqual(
    ["/usr/bin/nice", "-n", "-5"].concat(argv)
  )
})

test.each<readonly [Partial<LaunchPlan>, string]>([
  [{ user: { uid: 0, gid: 1000, groups: [1000, 27] } }, "user"],
  [{ user: { uid: 1000, gid: 0, groups: [1000, 27] } }, "user"],
  [{ user: { uid: 1000, gid: 1000, groups: [] } }, "user"],
  [{ limits: { memlock: 4097 } }, "limits"],
  [{ limits: { nproc: "unlimited" } }, "limits"],
  [{ nice: -1 }, "nice"],
  [{ nice: 0.5 }, "nice"],
  [{ cpus: [0, 4] }, "cpus"],
  [{ cpus: [] }, "cpus"]
])("an ordinary user is refused %j", (more, field) => {
  expect(refusal(more, ordinary)).toBe(field)
})

test("an ordinary user may lower what is its own", () => {
  const lower = { limits: { nofile: 100, core: 0 }, nice: 19, cpus: [2], umask: 0o77 } as const
  expect(refusal(lower, ordinary)).toBeUndefined()
})

test.each([
  ["limits", { limits: { core: 0 } }],
  ["nice", { nice: 1 }],
  ["cpus", { cpus: [0] }],
  ["umask", { umask: 0 }],
  ["user", { user: { uid: 5, gid: 5, groups: [] } }]
] as const)("without its tool '%s' is refused, not left out", (field, more) => {
  expect(refusal(more, { ...root, tools: {} })).toBe(field)
})

test("whatever the wishes, QEMU's own words are the end of the chain, untouched", () => {
  const wishes = fc.record(
    {
      nice: fc.integer({ min: -20, max: 19 }),
      umask: fc.integer({ min: 0, max: 0o777 }),
      cpus: fc.uniqueArray(fc.integer({ min: 0, max: 3 }), { minLength: 1 }),
      limits: fc.record({ core: fc.nat() }),
      user: fc.record({ uid: fc.nat(), gid: fc.nat(), groups: fc.array(fc.nat()) })
    },
    { requiredKeys: [] }
  )
  fc.assert(
    fc.property(wishes, (more) => {
      expect(chain(more, root).slice(-argv.length)).toEqual([...argv])
    })
  )
})
