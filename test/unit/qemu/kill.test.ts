/**
 * Goal: dead is what is gone, a zombie, or another process under the same pid; everything else is
 * still alive, and told so in bounded time.
 * Method: a process table of our own that shows one state after another, looked at in real time.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { type ProcessInfo, Processes, type Signal } from "../../../src/host/process.ts"
import { confirmDeath, findByToken, killAndConfirm } from "../../../src/qemu/kill.ts"
import { monitorArguments, monitorId } from "../../../src/qemu/monitor-id.ts"

const qemu = { pid: 77, startTime: "1000" }

const as = (state: ProcessInfo["state"], startTime = qemu.startTime): ProcessInfo => ({
  pid: qemu.pid,
  startTime,
  parent: 1,
  cpuTicks: 0,
  state
})

/** Shows each look in turn, the last one from then on; notes the signals. */
const tableOf = (looks: readonly (ProcessInfo | undefined)[]) => {
  const signals: Signal[] = []
  let looked = 0
  const layer = Layer.succeed(Processes, {
    spawn: () => Effect.die("not here"),
    inspect: () => Effect.sync(() => looks[Math.min(looked++, looks.length - 1)]),
    list: Effect.sync(() => looks.filter((look) => look !== undefined)),
    commandLine: () => Effect.never,
    openFiles: () => Effect.succeed(undefined),
    signal: (_, signal) => Effect.sync(() => signals.push(signal) > 0),
    self: Effect.succeed({ pid: 1, uid: 0, gid: 0 })
  })
  return { layer, signals }
}

const run = <A, E>(effect: Effect.Effect<A, E, Processes>, layer: Layer.Layer<Processes>) =>
  Effect.runPromise(Effect.provide(effect, layer))

const dead = [undefined, as("zombie"), as("dead"), as("sleeping", "2000")]
const alive = [as("running"), as("sleeping"), as("uninterruptible"), as("stopped")]

test("after any row of living states the first dead one is a death", async () => {
  const looks = fc.array(fc.constantFrom(...alive), { maxLength: 8 })
  const property = fc.asyncProperty(looks, fc.constantFrom(...dead), async (before, last) => {
    const { layer } = tableOf([...before, last])
    await run(confirmDeath(qemu, { boundMs: 10_000 }), layer)
  })
  await fc.assert(property, { numRuns: 25 })
})

test.each(alive)("what stays $state is told as alive", async (info) => {
  const { layer } = tableOf([info])
  const error = await run(Effect.flip(confirmDeath(qemu, { boundMs: 15 })), layer)
  expect(error).toMatchObject({ _tag: "StillAlive", pid: 77, state: info.state, waitedMs: 15 })
})

test("a process in the kernel's hands is asked, killed, and told as alive", async () => {
  const { layer, signals } = tableOf([as("uninterruptible")])
  const error = await run(Effect.flip(killAndConfirm(qemu, { graceMs: 5, boundMs: 15 })), layer)
  expect(error).toMatchObject({ _tag: "StillAlive", state: "uninterruptible" })
  expect(signals).toEqual(["SIGTERM", "SIGKILL"])
})

test("one that ends in its grace is not killed", async () => {
  const { layer, signals } = tableOf([as("sleeping"), as("sleeping"), undefined])
  await run(killAndConfirm(qemu, { graceMs: 10_000, boundMs: 10_000 }), layer)
  expect(signals).toEqual(["SIGTERM"])
})

test("a child's exit ends the wait, whatever /proc shows", async () => {
  const { layer } = tableOf([as("uninterruptible")])
  await run(
    confirmDeath(qemu, {
      boundMs: 10_000,
      onExit: (listener) => void setTimeout(() => listener({ code: 0, signal: undefined }), 5)
    }),
    layer
  )
})

test("a command line that cannot be read in time is told, and no zombie is looked at", async () => {
  const { layer } = tableOf([as("uninterruptible"), { ...as("zombie"), pid: 78 }])
  expect(await run(findByToken("troupe."), layer)).toEqual({ found: [], unreadable: [qemu] })
})

test("only a living process with the root's token is found", async () => {
  const id = monitorId({ root: "r", epoch: "1", uuid: "00000000-0000-4000-8000-000000000000" })
  const lines: { readonly [pid: number]: readonly string[] } = {
    1: ["qemu", ...monitorArguments(id, 3)],
    2: ["qemu", "-chardev", "socket,id=charmonitor,fd=3"],
    3: ["grep", id],
    4: []
  }
  const layer = Layer.succeed(Processes, {
    ...Effect.runSync(Effect.provide(Processes, tableOf([]).layer)),
    list: Effect.succeed([1, 2, 3, 4].map((pid) => ({ ...as("sleeping"), pid }))),
    commandLine: ({ pid }) => Effect.succeed(lines[pid])
  })
  const { found } = await run(findByToken("troupe.r."), layer)
  expect(found.map(({ process }) => process.pid)).toEqual([1])
  expect((await run(findByToken("troupe.other."), layer)).found).toEqual([])
})
