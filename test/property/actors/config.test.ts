/**
 * Goal: readers always see one whole configuration that was on disk, its number only grows,
 * whoever asks for a reload gets what was there when he asked or later, and at rest the newest
 * valid file is the one that counts.
 * Method: writers, reloads and signals at random times over a file whose reads take time and whose
 * watch tells late, in random orders of deliveries; each text holds its own number.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { expect, test } from "vitest"
import { type ConfigHolder, makeConfigHolder } from "../../../actors/config.ts"
import { FileError, Files } from "../../../src/host/files.ts"
import type { World } from "../../../src/testing/world.ts"
import { choiceList, stage } from "./clients.ts"

interface Write {
  readonly atMs: number
  readonly kind: "valid" | "invalid" | "unreadable"
}

interface Play {
  readonly writes: readonly Write[]
  readonly reloadsAtMs: readonly number[]
  readonly signalsAtMs: readonly number[]
  readonly readsMs: readonly number[]
  readonly watchMs: number
}

const at = fc.nat(20)
const play: fc.Arbitrary<Play> = fc.record({
  writes: fc.array(
    fc.record({ atMs: at, kind: fc.constantFrom("valid", "valid", "invalid", "unreadable") }),
    { maxLength: 6 }
  ),
  reloadsAtMs: fc.array(at, { maxLength: 4 }),
  signalsAtMs: fc.array(at, { maxLength: 2 }),
  readsMs: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
  watchMs: fc.nat(6)
})

/** One file, whose versions are numbered: valid ones say their number. */
class Disk {
  version = 0
  kinds: readonly Write["kind"][] = ["valid"]
  private changed: (() => void) | undefined
  private reads = 0
  private readonly world: World
  private readonly play: Play

  constructor(world: World, one: Play) {
    this.world = world
    this.play = one
  }

  write(kind: Write["kind"]): void {
    this.version++
    this.kinds = [...this.kinds, kind]
    // A watch sees what is written while it is there, and tells it late.
    const tell = Effect.sync(this.changed ?? (() => {}))
    this.world.fork(Effect.andThen(Effect.sleep(this.play.watchMs), tell))
  }

  /** The newest version that can be taken, up to this one. */
  get newestValid(): number {
    return this.kinds.lastIndexOf("valid")
  }

  get service(): Files["Service"] {
    const { readsMs } = this.play
    const part: Partial<Files["Service"]> = {
      read: (path) =>
        Effect.gen({ self: this }, function* () {
          const { version } = this
          const kind = this.kinds[version]
          yield* Effect.sleep(readsMs[this.reads++ % readsMs.length] ?? 0)
          if (kind === "unreadable")
            return yield* new FileError({ operation: "read", path, code: "EIO" })
          const text = kind === "valid" ? `max_files = ${version + 1}` : 'max_files = "x'
          return new TextEncoder().encode(text)
        }),
      watch: (_path, changed) => Effect.sync(() => void (this.changed = changed))
    }
    return part as Files["Service"]
  }
}

const versionOf = ({ values }: ReturnType<ConfigHolder["current"]>) => values.maxFiles - 1

const run = (one: Play, choices: readonly number[]) => {
  const { world, kernel } = stage(choices, {})
  const disk = new Disk(world, one)
  const wrong: string[] = []
  let problems = 0
  let [refused, answered] = [0, 0]
  const options = { kernel, path: "/etc/qemu.conf", onProblem: () => problems++ }
  const reload = (holder: ConfigHolder, atMs: number) =>
    Effect.gen(function* () {
      yield* Effect.sleep(atMs)
      const asked = disk.version
      const exit = yield* Effect.exit(holder.reload("api"))
      if (exit._tag === "Failure") refused++
      else answered++
      if (exit._tag === "Success" && versionOf(exit.value) < asked)
        wrong.push(`asked at ${asked}, told ${versionOf(exit.value)}`)
    })
  const writing = Effect.forEach(
    one.writes,
    ({ atMs, kind }) =>
      Effect.andThen(
        Effect.sleep(atMs),
        Effect.sync(() => disk.write(kind))
      ),
    { concurrency: "unbounded" }
  )
  world.fork(writing)
  const scope = Scope.makeUnsafe()
  const opening = world.run(
    makeConfigHolder(options).pipe(
      Effect.tap((holder) =>
        Effect.sync(() => {
          for (const atMs of one.reloadsAtMs) world.fork(reload(holder, atMs))
          for (const atMs of one.signalsAtMs)
            world.fork(Effect.andThen(Effect.sleep(atMs), Effect.sync(holder.signalled)))
          let last = holder.current()
          kernel.inspection.watch(() => {
            const now = holder.current()
            if (now !== last && now.number <= last.number) wrong.push(`${now.number} comes again`)
            if (disk.kinds[versionOf(now)] !== "valid") wrong.push("an invalid file is published")
            last = now
          })
        })
      ),
      Scope.provide(scope),
      Effect.provideService(Files, disk.service)
    )
  )
  return { opening, disk, wrong, problems, refused, answered }
}

test("one whole file that was there; at rest the newest", () => {
  let [refusals, answers, faults] = [0, 0, 0]
  fc.assert(
    fc.property(play, choiceList, (one, choices) => {
      const { opening, disk, wrong, problems, refused, answered } = run(one, choices)
      expect(wrong).toEqual([])
      refusals += refused
      answers += answered
      faults += problems
      if (opening._tag === "Failure") return
      if (disk.newestValid === disk.version)
        expect(versionOf(opening.value.current())).toBe(disk.version)
    }),
    { numRuns: 1500 }
  )
  expect(Math.min(refusals, answers, faults)).toBeGreaterThan(5)
})
