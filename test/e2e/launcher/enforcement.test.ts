/**
 * Goal: every field of a plan holds for the QEMU that runs, its pid unchanged from spawn to guest;
 * what cannot hold is refused before anything starts.
 * Method: launch real QEMU, look at /proc/PID/status, limits and cwd. Where the test's user may not
 * do it, the refusal is what is looked at.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { connectMonitor } from "../../../src/qemu/connect.ts"
import { killAndConfirm } from "../../../src/qemu/kill.ts"
import { type Launched, launch, whileAlive } from "../../../src/qemu/launcher.ts"
import type { LaunchPlan } from "../../../src/qemu/launch-plan.ts"
import { onHost, patienceMs } from "./fixture.ts"

const isRoot = process.getuid?.() === 0

/** Another user than the test's, and not root. */
const someone = { uid: 65_534, gid: 65_534, groups: [7, 9] }

interface Seen {
  readonly launched: Launched
  readonly field: (name: string) => string
  readonly limit: (name: string) => readonly string[]
  readonly nice: number
  readonly directory: string
  readonly command: string
}

const readProc = (launched: Launched): Seen => {
  const at = `/proc/${launched.process.pid}`
  const status = fs.readFileSync(`${at}/status`, "utf8")
  const limits = fs.readFileSync(`${at}/limits`, "utf8")
  const stat = fs.readFileSync(`${at}/stat`, "utf8")
  return {
    launched,
    field: (name) => new RegExp(`^${name}:[ \\t]*(.*)$`, "m").exec(status)?.[1]?.trim() ?? "?",
    limit: (name) =>
      new RegExp(`^${name}\\s+(\\S+)\\s+(\\S+)`, "m").exec(limits)?.slice(1, 3) ?? [],
    nice: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]),
    directory: fs.readlinkSync(`${at}/cwd`),
    command: fs.readFileSync(`${at}/comm`, "utf8").trim()
  }
}

/** Launches with these fields, waits for QEMU itself, looks, and ends it. */
const seen = (more: Partial<LaunchPlan>, look: (seen: Seen) => void) =>
  onHost((bench) =>
    Effect.gen(function* () {
      const plan = bench.plan("a", more)
      const launched = yield* launch(plan)
      yield* Effect.scoped(whileAlive(plan, launched, connectMonitor(plan.monitor.path)))
      look(readProc(launched))
      yield* killAndConfirm(launched.process, { graceMs: 0, boundMs: patienceMs })
    })
  )

const refused = (more: Partial<LaunchPlan>) =>
  onHost((bench) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(launch(bench.plan("a", more)))
      expect(fs.readdirSync(bench.directory)).toEqual([])
      return error
    })
  )

test("limits, niceness, processors, umask and directory are as planned", () =>
  seen(
    {
      limits: { nofile: 777, core: 0, memlock: 65_536 },
      nice: 5,
      cpus: [0],
      umask: 0o027,
      directory: "/usr"
    },
    ({ field, limit, nice, directory, command }) => {
      expect(limit("Max open files")).toEqual(["777", "777"])
      expect(limit("Max core file size")).toEqual(["0", "0"])
      expect(limit("Max locked memory")).toEqual(["65536", "65536"])
      expect(nice).toBe(5)
      expect(field("Cpus_allowed_list")).toBe("0")
      expect(field("Umask")).toBe("0027")
      expect(directory).toBe("/usr")
      expect(command).toMatch(/^qemu-system/)
    }
  ))

test("a plan that asks for what we have already changes nothing and needs no tool", () =>
  seen(
    { user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, groups: groups() } },
    ({ field }) => expect(field("Uid").split(/\s+/)[0]).toBe(String(process.getuid?.()))
  ))

const groups = (): readonly number[] => {
  const row = /^Groups:(.*)$/m.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1] ?? ""
  return row
    .split(/\s+/)
    .filter((word) => word !== "")
    .map(Number)
}

/** Root of a container is often without some of root's rights. */
const has = (bit: bigint): boolean => {
  const held = /^CapEff:\s*(\S+)$/m.exec(fs.readFileSync("/proc/self/status", "utf8"))?.[1]
  return (BigInt(`0x${held ?? "0"}`) & (1n << bit)) !== 0n
}

const foreign: Partial<LaunchPlan> = { user: someone, nice: -5, limits: { nofile: 555 } }

test.runIf(isRoot)("user and groups are changed after what needs our rights", () =>
  seen(foreign, ({ field, limit, nice }) => {
    expect(field("Uid").split(/\s+/)).toEqual(Array(4).fill("65534"))
    expect(field("Gid").split(/\s+/)).toEqual(Array(4).fill("65534"))
    expect(field("Groups")).toBe("7 9")
    expect(field("CapEff")).toMatch(/^0+$/)
    expect(limit("Max open files")).toEqual(["555", "555"])
    expect(nice).toBe(-5)
  })
)

test("a limit past our own is raised by who may, and refused to who may not", async () => {
  const more: Partial<LaunchPlan> = { limits: { memlock: 2 ** 50 } }
  const hard = /^Max locked memory\s+\S+\s+(\S+)/m.exec(
    fs.readFileSync("/proc/self/limits", "utf8")
  )?.[1]
  if (has(24n) || hard === "unlimited") {
    await seen(more, ({ limit }) =>
      expect(limit("Max locked memory")).toEqual([String(2 ** 50), String(2 ** 50)])
    )
  } else {
    expect(await refused(more)).toMatchObject({ _tag: "FieldUnenforceable", field: "limits" })
  }
})

test.runIf(isRoot)("no group of ours is inherited", () =>
  seen({ user: { ...someone, groups: [] } }, ({ field }) => expect(field("Groups")).toBe(""))
)

test.runIf(!isRoot)("an ordinary user is refused another user", async () => {
  expect(await refused(foreign)).toMatchObject({ _tag: "FieldUnenforceable" })
})

test.each([
  [{ cpus: [0, 4095] }, "cpus"],
  [{ cpus: [] }, "cpus"],
  [{ nice: 99 }, "nice"],
  [{ cgroup: "/nonexistent/group" }, "cgroup"]
] as const)("%j is refused before anything starts", async (more, field) => {
  expect(await refused(more)).toMatchObject({ _tag: "FieldUnenforceable", field })
})
