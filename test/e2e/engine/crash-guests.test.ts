/**
 * Goal: an engine that is killed at any instant of starting or stopping guests loses none that was
 * acknowledged, kills none, and leaves no QEMU without a domain.
 * Method: SIGKILL at random instants; what the engine had acknowledged on its output against what
 * the next engine finds and the host shows.
 */
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import type { Fate } from "./child.ts"
import type { Order } from "./crash-child.ts"
import { type CrashBench, onCrashBench } from "./crash.ts"
import { type Bench, type Engine, pidOf, until } from "./harness.ts"
import { isDead, processesOf } from "./processes.ts"

const rounds = 25
const names = ["a", "b", "c"] as const

const defineAll = async (crash: CrashBench, bench: Bench): Promise<void> => {
  const engine = await crash.next()
  for (const name of names) await engine.define(bench.guest(name).definition)
  await engine.close()
}

const endAll = async (engine: Engine): Promise<void> => {
  for (const ref of engine.refs())
    if (Domain.view(ref).context.epoch !== undefined) await engine.destroy(ref)
  await engine.close()
}

test("killed while guests start", { timeout: 180_000 }, () =>
  onCrashBench("kill during start", async (crash, bench) => {
    await defineAll(crash, bench)
    const outcomes = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      const engine = await crash.engine()
      const transient = bench.guest(`t${round}`)
      const orders: readonly Order[] = [
        ...names.map((name) => ({ op: "start", name }) as const),
        { op: "create", xml: transient.xml }
      ]
      const fates = await crash.killDuring(engine, () => orders.map((order) => engine.order(order)))
      const before = processesOf(bench.root)
      const next = await crash.next()
      await crash.expectSound(next)
      expect([...names, transient.definition.name]).toEqual(
        expect.arrayContaining([...next.names()])
      )
      for (const [index, name] of [...names, transient.definition.name].entries()) {
        const entry = next.find(name)
        const state = entry?.ref === undefined ? "none" : Domain.view(entry.ref).state
        outcomes.add(`${fates[index]?.is} ${state}`)
        // Nothing is refused here: whoever was not killed would have started.
        expect(fates[index]?.is, crash.random.told).not.toBe("refused")
        if (fates[index]?.is !== "done") continue
        expect(state, `${name}: ${crash.random.told}`).toBe("running")
        if (entry?.ref === undefined) throw new Error("it is there")
        expect(before.map(({ pid }) => pid)).toContain(pidOf(entry.ref))
      }
      await endAll(next)
    }
    // The instants met starts in every phase.
    expect([...outcomes]).toEqual(expect.arrayContaining(["done running", "unknown none"]))
  })
)

const doings = ["destroy", "suspend", "list"] as const

/** What may be found of a domain after this order, by its fate. */
const expected = (order: Order["op"], fate: Fate["is"]): readonly string[] => {
  if (order === "destroy") return fate === "done" ? ["shutoff"] : ["shutoff", "running"]
  if (order === "suspend") return fate === "done" ? ["paused"] : ["paused", "running"]
  return ["running"]
}

test("killed while guests stop and pause", { timeout: 180_000 }, () =>
  onCrashBench("kill during stop", async (crash, bench) => {
    await defineAll(crash, bench)
    const outcomes = new Set<string>()
    for (let round = 0; round < rounds; round++) {
      const engine = await crash.engine()
      for (const name of names) await engine.demand({ op: "start", name })
      const before = new Map((await engine.list()).map(({ name, pid }) => [name, pid ?? -1]))
      const ops = names.map((name, index) => ({
        name,
        // The first round tells how long each takes.
        op: round === 0 ? (doings[index] ?? "list") : crash.pick(doings)
      }))
      const orders = ops.map(({ name, op }): Order => (op === "list" ? { op } : { op, name }))
      const fates = await crash.killDuring(engine, () => orders.map((order) => engine.order(order)))
      const next = await crash.next()
      await crash.expectSound(next)
      for (const [index, { name, op }] of ops.entries()) {
        const ref = await next.lookUp(name)
        const { is } = fates[index] ?? { is: "unknown" }
        await until(
          `${name} after ${op}, ${is}: ${Domain.view(ref).chart} (${crash.random.told})`,
          () => expected(op, is).includes(Domain.view(ref).state)
        )
        outcomes.add(`${op} ${is} ${Domain.view(ref).state}`)
        // A guest that goes on goes on in the same process.
        if (Domain.view(ref).state === "shutoff") expect(isDead(before.get(name) ?? -1)).toBe(true)
        else expect(pidOf(ref)).toBe(before.get(name))
      }
      await endAll(next)
    }
    expect([...outcomes]).toEqual(
      expect.arrayContaining(["destroy done shutoff", "suspend done paused", "list done running"])
    )
  })
)

test("killed while it takes over, several times in a row", { timeout: 180_000 }, () =>
  onCrashBench("kill during recovery", async (crash, bench) => {
    const first = await crash.next()
    const refs: Domain.DomainRef[] = []
    for (const name of names) refs.push(await first.define(bench.guest(name).definition))
    for (const ref of refs) await first.start(ref)
    const transient = await first.create(bench.guest("transient").definition)
    await first.suspend(transient)
    const guests = [...refs, transient].map((ref) => ({ uuid: ref.uuid, pid: pidOf(ref) }))
    await first.close()
    for (let round = 0; round < 9; round++) {
      for (let kill = 0; kill < 3; kill++) {
        const engine = await crash.take()
        await crash.killDuring(engine, () => {
          const opening = engine.order({ op: "open", root: bench.root })
          const listing = opening.then(() => engine.order({ op: "list" }))
          return [opening, listing]
        })
        expect(
          guests.filter(({ pid }) => isDead(pid)),
          crash.random.told
        ).toEqual([])
      }
      const next = await crash.next()
      await crash.expectSound(next)
      expect(next.driver.problems(), crash.random.told).toEqual([])
      const found = next.refs().map((ref) => ({ uuid: ref.uuid, pid: pidOf(ref) }))
      expect(found.toSorted(byUuid)).toEqual(guests.toSorted(byUuid))
      expect(Domain.view(await next.lookUp("transient")).state).toBe("paused")
      await next.close()
    }
    const last = await crash.next()
    await endAll(last)
    expect(crash.kills).toBe(27)
  })
)

test("killed while it starts what is marked", { timeout: 180_000 }, () =>
  onCrashBench("kill during autostart", async (crash, bench) => {
    const first = await crash.next()
    for (const name of names) {
      const ref = await first.define(bench.guest(name).definition)
      await first.change(ref, { type: "autostart", isAutostart: true })
    }
    await first.close()
    for (let round = 0; round < 8; round++) {
      const engine = await crash.take()
      await crash.killDuring(engine, () => {
        const opening = engine.order({ op: "open", root: bench.root })
        return [opening.then(() => engine.order({ op: "shell", command: "sleep 0.3" }))]
      })
      const next = await crash.next()
      for (const name of names) {
        const ref = await next.lookUp(name)
        await until(
          `${name} to run; ${Domain.view(ref).chart} (${crash.random.told})`,
          () =>
            Domain.view(ref).chart.includes("life.running.steady") &&
            Domain.view(ref).chart.includes("monitor.live")
        )
      }
      await crash.expectSound(next)
      expect(next.driver.problems().filter(({ what }) => what.startsWith("autostart"))).toEqual([])
      await endAll(next)
    }
  })
)

const byUuid = (a: { readonly uuid: string }, b: { readonly uuid: string }): number =>
  a.uuid < b.uuid ? -1 : 1
