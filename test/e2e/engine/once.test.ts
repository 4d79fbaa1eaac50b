/**
 * Goal: a call with an operation id is done once, however often and however soon it is asked again.
 * Method: the same create twice at once, again afterwards, and again by the next engine.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import * as Calls from "../../../actors/driver/calls.ts"
import { once } from "../../../actors/driver/once.ts"
import { OperationId } from "../../../src/kernel/call.ts"
import { type Bench, type Engine, onBench, outcome, tagOf } from "./harness.ts"
import { processesOf } from "./processes.ts"

const create = (engine: Engine, bench: Bench, id: string) => {
  const { definition } = bench.guest("web")
  return outcome(
    engine.call((parts) =>
      once(
        parts,
        "domainCreateXML",
        Effect.map(Calls.create(parts, definition), ({ uuid }) => uuid)
      ).pipe(Effect.provideService(OperationId, id))
    )
  )
}

test("an operation that is asked for twice is done once", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const both = await Promise.all([create(engine, bench, "op-1"), create(engine, bench, "op-1")])
    expect(both.map(tagOf).toSorted()).toEqual(["OperationRepeated", "ok"])
    const uuid = both.find((result) => tagOf(result) === "ok")
    expect(await create(engine, bench, "op-1")).toBe(uuid)
    expect(processesOf(bench.root)).toHaveLength(1)
    await engine.close()
    const next = await bench.open()
    expect(await create(next, bench, "op-1")).toBe(uuid)
    expect(processesOf(bench.root)).toHaveLength(1)
    await next.destroy(await next.lookUp("web"))
    // Done is done: the guest is gone, and the operation is not asked again by its id.
    expect(await create(next, bench, "op-1")).toBe(uuid)
    expect(next.names()).toEqual([])
  }))
