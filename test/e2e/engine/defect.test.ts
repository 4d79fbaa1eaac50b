/**
 * Goal: a defect ends one actor and not the engine: its domain comes back from what is durable,
 * takes its living QEMU again, and neither the guest nor any other domain notices.
 * Method: an actor is told facts that no chart can take, or its scripts are made to throw, while
 * real guests run.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import { restartsMax } from "../../../src/kernel/supervisor.ts"
import {
  becomes,
  type Engine,
  expectQuiet,
  onEngine,
  outcome,
  pidOf,
  stateOf,
  tagOf,
  until
} from "./harness.ts"
import { processesOf } from "./processes.ts"

/** A fact that no script tells: its assigner reads what is not there. */
const poison = { type: "adopt" } as never

/** Makes the next turn of this domain throw, whatever it is. */
const breakNextTurn = (ref: Domain.DomainRef): void => {
  const { actor } = ref
  const behaviour = Reflect.get(actor, "behaviour")
  const { decide } = behaviour
  behaviour.decide = () => {
    behaviour.decide = decide
    throw new Error("a defect of the test")
  }
  actor.tell(poison)
}

/** Makes the next run of this script throw. */
const breakScript = (ref: Domain.DomainRef, name: string): void => {
  const { scripts } = Reflect.get(ref.actor, "behaviour")
  const script = scripts[name]
  scripts[name] = () => {
    scripts[name] = script
    return Effect.die(new Error(`a defect in ${name}`))
  }
}

const outcomesOf = (engine: Engine, ref: Domain.DomainRef) =>
  engine.records
    .filter(({ actor }) => actor === `domain/${ref.uuid}`)
    .map(({ outcome: what }) => what)
    .filter((what) => what === "crashed" || what === "restarted")

const comesBack = (engine: Engine, ref: Domain.DomainRef, times = 1) =>
  until(
    `the restart; ${Domain.view(ref).chart}`,
    () => outcomesOf(engine, ref).filter((what) => what === "restarted").length === times
  )

test("a defect while the guest runs costs it nothing, nor anybody else", () =>
  onEngine(async (engine, bench) => {
    const { definition, said } = bench.guest("web")
    const ref = await engine.define(definition)
    await engine.start(ref)
    const other = await engine.create(bench.guest("other").definition)
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    const { process: before, epoch, id } = Domain.view(ref).context
    const version = other.actor.version
    breakNextTurn(ref)
    await comesBack(engine, ref)
    await until("the monitor", () => Domain.view(ref).chart.includes("monitor.live"))
    expect(stateOf(ref)).toBe("running booted")
    expect(Domain.view(ref).context).toMatchObject({ process: before, epoch, id })
    // It was not reset, and ticks on.
    const ticks = () => said().split("tick ").length
    const then = ticks()
    await until("the guest to tick on", () => ticks() > then + 1)
    expect(said().split("TROUPE GUEST UP")).toHaveLength(2)
    expect(other.actor.version).toBe(version)
    // And it is governed as before.
    await engine.suspend(ref)
    await engine.resume(ref)
    await engine.destroy(ref)
    await engine.start(ref)
    await engine.destroy(ref)
    await engine.destroy(other)
  }))

test("a paused guest stays paused, a domain that is off stays off", () =>
  onEngine(async (engine, bench) => {
    const paused = await engine.create(bench.guest("paused").definition)
    await engine.suspend(paused)
    const off = await engine.define({ ...bench.guest("off").definition, title: "kept" })
    await until("what is written of it", () => paused.actor.isIdle)
    breakNextTurn(paused)
    breakNextTurn(off)
    await comesBack(engine, paused)
    await comesBack(engine, off)
    await until("the monitor", () => Domain.view(paused).chart.includes("monitor.live"))
    expect(stateOf(paused)).toBe("paused user")
    expect(Domain.view(off).state).toBe("shutoff")
    expect(Domain.view(off).context.persistent?.title).toBe("kept")
    await engine.resume(paused)
    await engine.destroy(paused)
    await engine.start(off)
    await engine.destroy(off)
  }))

test("what happens to the guest while its actor is down is found out", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref)
    breakNextTurn(ref)
    process.kill(pidOf(ref), "SIGKILL")
    await comesBack(engine, ref)
    await becomes(ref, "shutoff crashed")
    await engine.start(ref)
    await engine.destroy(ref)
  }))

test("what is asked while the actor is down finds the guest, and starts no other", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref)
    const pid = pidOf(ref)
    let isDown = false
    const asked: Promise<unknown>[] = []
    const unwatch = engine.driver.kernel.inspection.watch(({ outcome: what, actor }) => {
      if (what !== "crashed" || actor !== `domain/${ref.uuid}` || isDown) return
      isDown = true
      asked.push(outcome(engine.start(ref)), outcome(engine.suspend(ref)))
    })
    breakNextTurn(ref)
    await comesBack(engine, ref)
    unwatch()
    expect((await Promise.all(asked)).map(tagOf)).toEqual(["RequestDenied", "ok"])
    expect(processesOf(bench.root).map((one) => one.pid)).toEqual([pid])
    expect(stateOf(ref)).toBe("paused user")
    await engine.destroy(ref)
  }))

test.each(["launch", "write", "pauseGuest", "release"])(
  "a defect in the script '%s' is told to who asked, and leaves nothing behind",
  (script) =>
    onEngine(async (engine, bench) => {
      const ref = await engine.define(bench.guest("web").definition)
      if (script !== "launch") await engine.start(ref)
      breakScript(ref, script)
      const config = { config: true, live: false }
      const asked: Promise<unknown> =
        script === "launch"
          ? engine.start(ref)
          : script === "write"
            ? engine.change(ref, { type: "title", affects: config, text: "x" })
            : script === "pauseGuest"
              ? engine.suspend(ref)
              : engine.destroy(ref)
      expect(tagOf(await outcome(asked))).toBe("ActorCrashed")
      await comesBack(engine, ref)
      await until("a state that lasts", () => Domain.isSettled(ref) && ref.actor.isIdle)
      expect(Domain.view(ref).state).toBe(script === "launch" ? "shutoff" : "running")
      expect(processesOf(bench.root)).toHaveLength(script === "launch" ? 0 : 1)
      if (script !== "launch") await engine.destroy(ref)
      await expectQuiet(engine)
      await engine.start(ref)
      await engine.destroy(ref)
    })
)

test("a defect in the middle of a start ends the QEMU that it had launched", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    for (let round = 0; round < 2; round++) {
      const started = outcome(engine.start(ref))
      await until("a process", () => processesOf(bench.root).length === 1)
      breakNextTurn(ref)
      await started
      await comesBack(engine, ref, round + 1)
      await until("a state that lasts", () => Domain.isSettled(ref) && ref.actor.isIdle)
      // Continued or not, it is one or the other.
      if (Domain.view(ref).state === "running") await engine.destroy(ref)
      await until("no process", () => processesOf(bench.root).length === 0)
      await expectQuiet(engine)
    }
    await engine.start(ref)
    await engine.destroy(ref)
  }))

test("one that fails again and again is down for a while, and told; its guest runs on", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.create(bench.guest("web").definition)
    const pid = pidOf(ref)
    for (let defect = 0; defect <= restartsMax; defect++) {
      breakNextTurn(ref)
      if (defect < restartsMax) await comesBack(engine, ref, defect + 1)
    }
    await until("it to be told", () => engine.driver.problems().length === 1)
    expect(engine.driver.problems()[0]?.what).toContain(ref.uuid)
    expect(processesOf(bench.root).map((one) => one.pid)).toEqual([pid])
    // What is asked meanwhile waits, and is done when it is back.
    await engine.destroy(ref)
    expect(outcomesOf(engine, ref).filter((what) => what === "restarted")).toHaveLength(
      restartsMax + 1
    )
    expect(engine.names()).toEqual([])
  }))

test("a guest whose domain is down when the engine ends is the next engine's", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.create(bench.guest("web").definition)
    const pid = pidOf(ref)
    for (let defect = 0; defect <= restartsMax; defect++) {
      breakNextTurn(ref)
      if (defect < restartsMax) await comesBack(engine, ref, defect + 1)
    }
    await until("it to be told", () => engine.driver.problems().length === 1)
    await engine.close()
    const next = await bench.open()
    const found = await next.lookUp("web")
    expect(pidOf(found)).toBe(pid)
    await next.destroy(found)
  }))
