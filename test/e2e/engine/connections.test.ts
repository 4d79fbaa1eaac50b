/**
 * Goal: a guest that is bound to a connection ends with it, once, in that start only, and for each
 * reason that binds it; one that is bound too late ends at once.
 * Method: an engine with real guests; its connections closed before, while and after they start.
 */
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import { becomes, onBench, outcome, pause, stateOf, until } from "./harness.ts"

test("a guest goes with its connection, once, and only in that start", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref, { autoDestroy: "c1" })
    await engine.destroy(ref)
    await engine.start(ref)
    engine.parts.connections.closed("c1")
    await pause(50)
    expect(stateOf(ref)).toBe("running booted")
    await engine.destroy(ref)
    await engine.start(ref, { autoDestroy: "c2" })
    engine.parts.connections.closed("c2")
    engine.parts.connections.closed("c2")
    await becomes(ref, "shutoff destroyed")
    await engine.tells(ref.uuid, "stopped destroyed")
    expect(engine.parts.connections.registered()).toEqual([])
  }))

test("a kill switch ends its guest with its connection, unless it was taken back", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const { connections } = engine.parts
    const ref = await engine.define(bench.guest("web").definition)
    const bind = (connection: string) => {
      const { epoch = "" } = Domain.view(ref).context
      const callback = { kind: "killSwitch" as const, connection, uuid: ref.uuid, epoch }
      connections.register(callback)
      return callback
    }
    await engine.start(ref, { autoDestroy: "owner" })
    const over = bind("leader")
    connections.forget(over)
    connections.closed("leader")
    await until("its end to be noticed", () => connections.registered().length === 1)
    expect(stateOf(ref)).toBe("running booted")
    // Two callbacks of one guest, and both connections go at once.
    bind("other")
    connections.closed("other")
    connections.closed("owner")
    await becomes(ref, "shutoff destroyed")
    expect(connections.registered()).toEqual([])
    // Whoever registers for a connection that is over has it done at once.
    await engine.start(ref)
    bind("other")
    await becomes(ref, "shutoff destroyed")
  }))

test("a connection that closes during the start takes the guest along", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const ref = await engine.define(bench.guest("web").definition)
    for (let round = 0; round < 8; round++) {
      const connection = `c${round}`
      const started = outcome(engine.start(ref, { autoDestroy: connection }))
      await pause(round * 8)
      engine.parts.connections.closed(connection)
      await started
      await until("its end", () => Domain.view(ref).state === "shutoff")
    }
    // One that was closed before it was ever heard of, too.
    engine.parts.connections.closed("gone")
    await outcome(engine.start(ref, { autoDestroy: "gone" }))
    await until("its end", () => Domain.view(ref).state === "shutoff")
  }))
