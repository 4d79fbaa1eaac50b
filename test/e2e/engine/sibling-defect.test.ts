/**
 * Goal: a defect of an actor that everything stands on costs no guest: the engine comes up again
 * from what is durable, and finds its guests as they were. Method: the display ports' actor is
 * asked for what makes it throw, in an engine with a real guest; then the guest is looked at,
 * paused and ended through the engine that came up again.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import * as DomainActor from "../../../actors/domain/domain.ts"
import { onEngine, until } from "./harness.ts"

test("a defect of a sibling brings the engine up again around its guests", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.create(bench.guest("kept").definition)
    const before = DomainActor.view(ref).context
    const first = engine.parts
    const broken = { range: undefined, token: "broken" } as unknown as Parameters<
      typeof first.ports.take
    >[0]
    await Effect.runPromiseExit(first.ports.take(broken))
    await until("it is up again", () => {
      const parts = engine.driver.parts()
      return engine.driver.phase() === "running" && parts !== undefined && parts !== first
    })
    const again = engine.driver.parts()?.domains.byUuid(ref.uuid)?.ref
    if (again === undefined) throw new Error("the guest is not listed")
    await until("it is found", () => DomainActor.view(again).chart.includes("monitor.live"))
    const after = DomainActor.view(again)
    expect(after.state).toBe("running")
    expect(after.context.process).toEqual(before.process)
    expect(after.context.epoch).toBe(before.epoch)
    expect(engine.driver.problems().map(({ what }) => what)).toContain("ports")
    await Effect.runPromise(DomainActor.suspend(again))
    expect(DomainActor.view(again).state).toBe("paused")
    await Effect.runPromise(DomainActor.destroy(again))
  }))
