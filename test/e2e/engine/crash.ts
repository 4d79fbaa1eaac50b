/**
 * What the tests that kill engines share: a supply of engines in processes of their own, the kill
 * at a random instant, the engine that comes after, and what must hold then whatever was cut short.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import { expect } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import { EngineProcess } from "./child.ts"
import { type Bench, type Engine, onBench, outcome, pause, pidOf, until } from "./harness.ts"
import { processesOf } from "./processes.ts"
import { type Seeded, seeded } from "./seed.ts"

/** Loading the program takes longer than a round: the next engine loads while this one works. */
class Supply {
  private next = new EngineProcess()

  async take(): Promise<EngineProcess> {
    const engine = this.next
    this.next = new EngineProcess()
    await engine.ready
    return engine
  }

  end(): Promise<void> {
    return this.next.kill()
  }
}

export class CrashBench {
  readonly bench: Bench
  readonly random: Seeded
  private readonly supply = new Supply()
  /** Every start that any engine of this root has made. */
  private readonly epochs = new Map<string, string>()
  private spanMs: number | undefined
  kills = 0

  constructor(bench: Bench, what: string) {
    this.bench = bench
    this.random = seeded(what)
  }

  pick<A>(some: readonly A[]): A {
    const one = some[Math.floor(this.random() * some.length)]
    if (one === undefined) throw new Error("there is one to pick")
    return one
  }

  /** An engine in a process of its own, on the root. */
  async engine(): Promise<EngineProcess> {
    const engine = await this.take()
    for (;;) {
      const fate = await engine.order({ op: "open", root: this.bench.root })
      if (fate.is === "done") return engine
      // What the last engine was just spawning when it was killed holds its descriptors until it
      // becomes another program.
      if (fate.is !== "refused" || fate.tag !== "RootLocked") throw new Error(JSON.stringify(fate))
      await pause(2)
    }
  }

  take(): Promise<EngineProcess> {
    return this.supply.take()
  }

  /**
   * Kills it at an instant of what it was told to do, and gives what became of each order. The
   * first time it is killed afterwards, to find out how long that takes on this host.
   */
  async killDuring<A>(
    engine: EngineProcess,
    order: () => readonly Promise<A>[]
  ): Promise<readonly A[]> {
    const begin = performance.now()
    const fates = order()
    if (this.spanMs === undefined) {
      await Promise.all(fates)
      this.spanMs = performance.now() - begin
    } else await pause(this.random() * this.spanMs * 1.1)
    await engine.kill()
    this.kills++
    return Promise.all(fates)
  }

  /** The engine that comes after. */
  async next(): Promise<Engine> {
    for (;;) {
      const engine = await this.bench.engine()
      const opened = await outcome(engine.open())
      if (!(opened instanceof Error)) return engine
      if (!opened.message.includes("in use by")) throw opened
      await pause(2)
    }
  }

  /**
   * What holds once the next engine has settled: each QEMU of the root is the guest of a domain,
   * and each domain has one at most; no epoch is used by two starts; nothing half-made is left.
   */
  async expectSound(engine: Engine): Promise<void> {
    const { told } = this.random
    await until(`all to settle (${told})`, () =>
      engine.refs().every((ref) => Domain.isSettled(ref) && ref.actor.isIdle)
    )
    const guests = engine.refs().filter((ref) => Domain.view(ref).context.epoch !== undefined)
    const pids = () =>
      processesOf(this.bench.root)
        .map(({ pid }) => pid)
        .toSorted()
    const expected = guests.map(pidOf).toSorted()
    await until(
      `no orphan: ${pids().join()} for ${expected.join()} (${told})`,
      () => pids().join() === expected.join()
    )
    for (const ref of guests) {
      const { epoch, process: id } = Domain.view(ref).context
      const owner = `${ref.uuid} ${id?.pid}`
      if (epoch === undefined) throw new Error("a guest has an epoch")
      expect(this.epochs.get(epoch) ?? owner, told).toBe(owner)
      this.epochs.set(epoch, owner)
    }
    const { root } = this.bench
    const epochs = guests.map((ref) => Domain.view(ref).context.epoch ?? "").toSorted()
    const places = [
      { directory: "run", expected: ["status", ...epochs].toSorted() },
      { directory: "run/status", expected: epochs.map((epoch) => `${epoch}.json`) }
    ]
    for (const { directory, expected: names } of places) {
      const found = () => fs.readdirSync(join(root, directory)).toSorted()
      await until(
        `${names.join()} in ${directory}, not ${found().join()} (${told})`,
        () => found().join() === names.join()
      )
    }
    const left = fs.readdirSync(join(root, "etc/qemu")).filter((name) => name.startsWith("."))
    expect(left, told).toEqual([])
  }

  end(): Promise<void> {
    return this.supply.end()
  }
}

/** Runs a test that kills engines; no process of it is left, however it ends. */
export const onCrashBench = (
  what: string,
  test: (crash: CrashBench, bench: Bench) => Promise<void>
): Promise<void> =>
  onBench(async (bench) => {
    const crash = new CrashBench(bench, what)
    try {
      await test(crash, bench)
    } finally {
      await crash.end()
    }
  })
