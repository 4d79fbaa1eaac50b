/**
 * The demonstration: three real guests on an embedded engine in a directory of its own. On a
 * terminal they run until Ctrl-C, and are stopped in order; otherwise, or with --once, each is put
 * through its paces and the program ends by itself. Leaves nothing behind.
 */
import * as Effect from "effect/Effect"
import { Files } from "../../host/files.ts"
import { type Engine, Engines, type Guest } from "../engine.ts"
import { type Shown, show } from "../live-table.ts"
import { scratchDirectory } from "../scratch.ts"
import { Screen } from "../screen.ts"
import { followSerial } from "../serial.ts"
import { stopInOrder } from "../stopping.ts"
import { guestDomainXml, guestImage } from "./guest.ts"
import { prove, proveReleased, witness } from "./proof.ts"

/** Of the commedia dell'arte, which travelled as troupes. */
const names = ["columbine", "harlequin", "pierrot"] as const

/** One of the demonstration's guests, defined and not started. */
const engage = Effect.fnUntraced(function* (engine: Engine, directory: string, name: string) {
  const files = yield* Files
  const diskPath = `${directory}/${name}.img`
  const serialPath = `${directory}/${name}.serial`
  const image = yield* files.open(diskPath, "create", 0o600)
  yield* Effect.ensuring(files.write(image, guestImage()), files.close(image))
  const guest: Guest = yield* engine.defineXML(
    guestDomainXml({ name, diskPath, serial: { kind: "file", path: serialPath } })
  )
  const shown: Shown = {
    guest,
    serial: yield* followSerial({ kind: "file", path: serialPath })
  }
  return shown
})

const allOff = (cast: readonly Shown[]) =>
  Effect.forEach(cast, ({ guest }) => guest.waitFor("shutoff", { timeoutMs: dayMs }), {
    concurrency: "unbounded",
    discard: true
  })

const dayMs = 24 * 60 * 60 * 1000

const perform = (engine: Engine, directory: string, isOnce: boolean) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const cast = yield* Effect.forEach(names, (name) => engage(engine, directory, name))
    const guests = cast.map(({ guest }) => guest)
    const notes = { below: isOnce ? "putting them through their paces" : "Ctrl-C stops them" }
    yield* show({ shown: () => cast, note: () => notes.below })
    const start = Effect.forEach(guests, (guest) => guest.start(), {
      concurrency: "unbounded",
      discard: true
    })
    const body = Effect.gen(function* () {
      yield* start
      const witnesses = yield* Effect.forEach(guests, witness)
      if (isOnce) yield* Effect.forEach(cast, prove, { concurrency: "unbounded", discard: true })
      else yield* allOff(cast)
      return witnesses
    })
    const stopped = Effect.as(screen.stopAsked, [])
    const witnesses = yield* Effect.raceFirst(body, stopped)
    notes.below = "stopping"
    yield* stopInOrder(guests)
    yield* Effect.forEach(cast, ({ serial }) => serial.refresh, { discard: true })
    notes.below = "all guests have ended"
    return { witnesses, guests, wasStopped: isOnce && witnesses.length === 0 }
  }).pipe(Effect.scoped)

export interface DemoOptions {
  readonly isOnce: boolean
}

/** Fails with the guest, the step and the reason when anything is not as it should be. */
export const demo = ({ isOnce }: DemoOptions) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const engines = yield* Engines
    const directory = yield* scratchDirectory
    const isProof = isOnce || !screen.isTerminal
    const root = `${directory}/root`
    const { witnesses, wasStopped } = yield* Effect.scoped(
      Effect.gen(function* () {
        const engine = yield* engines.open({ root, guests: "stop" })
        const performed = yield* perform(engine, directory, isProof)
        yield* Effect.forEach(performed.guests, (guest) => guest.undefine, { discard: true })
        return performed
      })
    )
    yield* proveReleased(witnesses, root)
    if (wasStopped) return yield* Effect.interrupt
    if (isProof)
      yield* screen.write(
        `${names.length} guests spoke, were paused, resumed, shut down and released\n`
      )
  }).pipe(Effect.scoped)
