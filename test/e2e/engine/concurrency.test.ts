/**
 * Goal: whatever calls meet, each is answered once, one QEMU runs for a domain at most, destroy
 * always gets through, and nothing is left.
 * Method: calls started together or at random instants of each other, on real QEMU; the bench looks
 * for leftovers after each test. The seed of the instants is printed by a failure.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import type { DomainRef } from "../../../actors/domain/domain.ts"
import * as Calls from "../../../actors/driver/calls.ts"
import {
  becomes,
  type Engine,
  expectQuiet,
  onBench,
  onEngine,
  outcome,
  pause,
  startTime,
  stateOf,
  tagOf,
  until
} from "./harness.ts"
import { processesOf } from "./processes.ts"
import { seeded } from "./seed.ts"

test("of two creates of one name one gets it, and the other is told who has it", () =>
  onEngine(async (engine, bench) => {
    for (let round = 0; round < 5; round++) {
      const results = await Promise.all([
        outcome(engine.create(bench.guest("web").definition)),
        outcome(engine.create(bench.guest("web").definition))
      ])
      expect(results.map(tagOf).toSorted()).toEqual(["DomainExists", "ok"])
      expect(String(results.find((result) => tagOf(result) !== "ok"))).toContain("name 'web'")
      expect(engine.names()).toEqual(["web"])
      await engine.destroy(await engine.lookUp("web"))
    }
  }))

test("of two creates of one domain one starts it", () =>
  onEngine(async (engine, bench) => {
    const { definition } = bench.guest("web")
    const results = await Promise.all([
      outcome(engine.create(definition)),
      outcome(engine.create(definition))
    ])
    const tags = results.map(tagOf).toSorted()
    expect(["DomainExists,ok", "RequestDenied,ok"]).toContain(tags.join())
    expect(processesOf(bench.root)).toHaveLength(1)
    await engine.destroy(await engine.lookUp("web"))
  }))

test("of many starts of one domain one starts it", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    const results = await Promise.all(Array.from({ length: 8 }, () => outcome(engine.start(ref))))
    expect(results.map(tagOf).filter((tag) => tag === "ok")).toHaveLength(1)
    expect(results.map(tagOf).filter((tag) => tag === "RequestDenied")).toHaveLength(7)
    expect(processesOf(bench.root)).toHaveLength(1)
    await engine.destroy(ref)
  }))

/** A start, and a destroy after so long: what became of each. */
const race = async (engine: Engine, ref: DomainRef, afterMs: number) => {
  const started = outcome(engine.start(ref))
  await pause(afterMs)
  const isAfterStart = Domain.view(ref).state === "running"
  const destroyed = await outcome(engine.destroy(ref))
  return { isAfterStart, started: await started, destroyed }
}

test(
  "a destroy at any instant of a start ends it, and both are answered",
  { timeout: 120_000 },
  () =>
    onEngine(async (engine, bench) => {
      const random = seeded("destroy during start")
      const ref = await engine.define(bench.guest("web").definition)
      const spanMs = await startTime(engine, ref)
      const seen = new Set<string>()
      for (let round = 0; round < 60; round++) {
        const afterMs = random() * spanMs * 1.5
        const { started, destroyed, isAfterStart } = await race(engine, ref, afterMs)
        const both = `${tagOf(started)}/${tagOf(destroyed)}`
        seen.add(both)
        expect(["StartFailed/ok", "ok/ok"], random.told).toContain(both)
        if (isAfterStart) expect(tagOf(started)).toBe("ok")
        if (started instanceof Error)
          expect(started.message).toContain("it was destroyed meanwhile")
        expect(stateOf(ref), random.told).toMatch(/^shutoff (destroyed|failed)$/)
        expect(processesOf(bench.root)).toEqual([])
        expect(bench.leftovers()).toEqual([])
      }
      expect(seen.size).toBe(2)
      await expectQuiet(engine)
    })
)

test("a destroy reaches a start that waits in the line, whatever holds the line up", () =>
  onEngine(
    async (engine, bench) => {
      const leaving = new AbortController()
      const held = outcome(engine.run(engine.parts.lane.within(Effect.never), leaving.signal))
      const ref = await engine.define(bench.guest("waits").definition)
      for (let round = 0; round < 3; round++) {
        const waiting = outcome(engine.start(ref))
        await until("it to wait", () => Domain.view(ref).chart.includes("starting"))
        const before = performance.now()
        await engine.destroy(ref)
        expect(performance.now() - before).toBeLessThan(1_000)
        expect(String(await waiting)).toContain("it was destroyed meanwhile")
      }
      leaving.abort()
      await held
      await engine.start(ref)
      await engine.destroy(ref)
    },
    { startConcurrency: 1 }
  ))

test("a destroy reaches the last of many starts, and its place is free", () =>
  onEngine(
    async (engine, bench) => {
      const refs: DomainRef[] = []
      for (const name of ["a", "b", "c", "d"])
        refs.push(await engine.define(bench.guest(name).definition))
      const starts = refs.map((ref) => outcome(engine.start(ref)))
      await pause(5)
      const last = refs.at(-1)
      if (last === undefined) throw new Error("there is one")
      const before = performance.now()
      await engine.destroy(last)
      expect(performance.now() - before).toBeLessThan(1_000)
      expect(tagOf(await starts.at(-1))).toBe("StartFailed")
      expect((await Promise.all(starts.slice(0, -1))).map(tagOf)).toEqual(["ok", "ok", "ok"])
      // Its place in the line is free.
      await engine.start(last)
    },
    { startConcurrency: 1 }
  ))

test("a define during a start is taken when the start is over", () =>
  onEngine(async (engine, bench) => {
    const { definition } = bench.guest("web")
    const ref = await engine.define(definition)
    const started = engine.start(ref)
    await engine.define({ ...definition, title: "new" })
    await started
    expect(Domain.view(ref).context.persistent?.title).toBe("new")
    expect(Domain.view(ref).context.live?.title).toBeUndefined()
    await engine.destroy(ref)
  }))

test("a flood of destroys is answered to the last", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref)
    const results = await Promise.all(
      Array.from({ length: 300 }, () => outcome(engine.destroy(ref)))
    )
    expect(new Set(results.map(tagOf))).toEqual(new Set(["ok"]))
    await engine.tells(ref.uuid, "stopped destroyed")
    expect(engine.told(ref.uuid).filter((what) => what.startsWith("stopped"))).toHaveLength(1)
  }))

test("a destroy with the epoch of an earlier start has no effect", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref)
    const { epoch } = Domain.view(ref).context
    if (epoch === undefined) throw new Error("it runs")
    await engine.destroy(ref)
    await engine.start(ref)
    const late = await outcome(engine.destroy(ref, { epoch }))
    expect(String(late)).toContain("that start of it is over")
    expect(stateOf(ref)).toBe("running booted")
    const ending = engine.destroy(ref)
    expect(tagOf(await outcome(engine.destroy(ref, { epoch })))).toBe("RequestDenied")
    await ending
  }))

test("twenty domains start at once, and reads go on meanwhile", { timeout: 120_000 }, () =>
  onEngine(async (engine, bench) => {
    const refs: DomainRef[] = []
    for (let number = 0; number < 20; number++)
      refs.push(await engine.define(bench.guest(`g${number}`).definition))
    let isStarting = true
    let reads = 0
    const reading = (async () => {
      while (isStarting) {
        expect(engine.names()).toHaveLength(20)
        const states = refs.map((ref) => Domain.view(ref).state)
        expect(states.every((state) => state === "shutoff" || state === "running")).toBe(true)
        reads++
        await pause(1)
      }
    })()
    const ids = await Promise.all(refs.map((ref) => engine.start(ref)))
    isStarting = false
    await reading
    expect(reads).toBeGreaterThan(20)
    expect(new Set(ids).size).toBe(20)
    expect(new Set(processesOf(bench.root).map(({ uuid }) => uuid)).size).toBe(20)
    await Promise.all(refs.map((ref) => engine.destroy(ref)))
  })
)

test("a start goes on when its caller is gone, from whatever instant", () =>
  onEngine(async (engine, bench) => {
    const random = seeded("interrupted start")
    const ref = await engine.define(bench.guest("web").definition)
    for (let round = 0; round < 12; round++) {
      const leaving = new AbortController()
      const started = outcome(engine.start(ref, {}, leaving.signal))
      await pause(random() * 80)
      leaving.abort()
      await started
      // Either it never arrived, or it is carried through; nothing in between.
      await until("a state that lasts", () => ref.actor.isIdle)
      expect(["shutoff", "running"], random.told).toContain(Domain.view(ref).state)
      if (Domain.view(ref).state === "running") await engine.destroy(ref)
    }
  }))

test("a create whose caller goes leaves a guest or a free name", () =>
  onEngine(async (engine, bench) => {
    const random = seeded("interrupted create")
    for (let round = 0; round < 16; round++) {
      const leaving = new AbortController()
      if (round === 0) leaving.abort()
      const created = outcome(engine.create(bench.guest("web").definition, {}, leaving.signal))
      // The first milliseconds have the most steps.
      await (round % 2 === 0 ? pause(random() * 60) : turns(Math.floor(random() * 40)))
      leaving.abort()
      await created
      await until("idle", () => engine.refs().every((ref) => ref.actor.isIdle))
      for (const ref of engine.refs()) {
        await becomes(ref, "running booted")
        await engine.destroy(ref)
      }
      expect(engine.allNames(), random.told).toEqual([])
    }
  }))

test("a define whose caller goes is made whole or not at all", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const random = seeded("interrupted define")
    const defined: string[] = []
    for (let round = 0; round < 24; round++) {
      const leaving = new AbortController()
      const name = `d${round}`
      const result = outcome(engine.define(bench.guest(name).definition, leaving.signal))
      await turns(Math.floor(random() * 60))
      leaving.abort()
      if (tagOf(await result) === "ok") defined.push(name)
    }
    await until("idle", () => engine.refs().every((ref) => ref.actor.isIdle))
    const listed = engine.names()
    expect(listed).toEqual(expect.arrayContaining(defined))
    expect(
      engine.parts.domains
        .all()
        .map(({ name }) => name)
        .toSorted()
    ).toEqual(listed)
    await engine.close()
    const next = await bench.open()
    expect(next.names()).toEqual(listed)
  }))

test("a create that is left at any turn leaves a guest or a free name", { timeout: 120_000 }, () =>
  onEngine(async (engine, bench) => {
    const seen = new Set<string>()
    // So many turns of all actors together a create takes, and some.
    for (let turn = 0; turn < 26; turn++) {
      const { definition } = bench.guest("web")
      await engine.leftAt(turn, (signal) => engine.create(definition, {}, signal))
      await until("idle", () => engine.refs().every((ref) => ref.actor.isIdle))
      seen.add(engine.allNames().join())
      for (const ref of engine.refs()) {
        await becomes(ref, "running booted")
        await engine.destroy(ref)
      }
      expect(engine.allNames(), `turn ${turn}`).toEqual([])
    }
    expect(seen).toEqual(new Set(["", "web"]))
  })
)

test("a define that is left at any turn is listed or was never made", () =>
  onEngine(async (engine, bench) => {
    const seen = new Set<boolean>()
    for (let turn = 0; turn < 20; turn++) {
      const { definition } = bench.guest(`d${turn}`)
      await engine.leftAt(turn, (signal) => engine.define(definition, signal))
      await until("idle", () => engine.refs().every((ref) => ref.actor.isIdle))
      const isOnDisk = fs.existsSync(join(bench.root, "etc/qemu", `d${turn}.xml`))
      expect(engine.allNames().includes(`d${turn}`), `turn ${turn}`).toBe(isOnDisk)
      expect(engine.names()).toEqual(engine.allNames())
      seen.add(isOnDisk)
    }
    expect(seen).toEqual(new Set([true, false]))
  }))

test("a start that is left at any turn runs or never began", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    const seen = new Set<string>()
    for (let turn = 0; turn < 22; turn++) {
      await engine.leftAt(turn, (signal) => engine.start(ref, {}, signal))
      await until("a state that lasts", () => Domain.isSettled(ref) && ref.actor.isIdle)
      seen.add(Domain.view(ref).state)
      if (Domain.view(ref).state === "running") await engine.destroy(ref)
      expect(stateOf(ref), `turn ${turn}`).toMatch(/^shutoff (unknown|destroyed)$/)
      expect(bench.leftovers()).toEqual([])
    }
    expect(seen).toEqual(new Set(["shutoff", "running"]))
    await expectQuiet(engine)
  }))

test("a rename that is left at any turn is whole or was never made", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("n").definition)
    const seen = new Set<boolean>()
    for (let turn = 0; turn < 18; turn++) {
      const before = Domain.view(ref).context.name
      await engine.leftAt(turn, (signal) =>
        engine.call((parts) => Calls.rename(parts, ref, `n${turn}`), signal)
      )
      await until("a state that lasts", () => ref.actor.isIdle)
      const { name } = Domain.view(ref).context
      expect([before, `n${turn}`]).toContain(name)
      expect(engine.allNames(), `turn ${turn}`).toEqual([name])
      const files = fs.readdirSync(join(bench.root, "etc/qemu")).toSorted()
      expect(files).toEqual(["autostart", `${name}.xml`])
      // No name is held by one that left.
      const free = await engine.define(bench.guest(`n${turn}x`).definition)
      await engine.change(free, { type: "undefine" })
      seen.add(name === before)
    }
    expect(seen).toEqual(new Set([true, false]))
  }))

test("a caller that leaves while its suspend is under way changes nothing of it", () =>
  onEngine(async (engine, bench) => {
    const ref = await engine.define(bench.guest("web").definition)
    await engine.start(ref)
    for (let round = 0; round < 10; round++) {
      const leaving = new AbortController()
      const suspended = outcome(engine.suspend(ref, leaving.signal))
      await turns(round)
      leaving.abort()
      await suspended
      await until("a state that lasts", () => ref.actor.isIdle)
      if (Domain.view(ref).state === "paused") await engine.resume(ref)
      expect(Domain.view(ref).state).toBe("running")
    }
    await engine.destroy(ref)
  }))

/** So many turns of the event loop. */
const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}
