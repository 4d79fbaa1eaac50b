/**
 * Script `release`: the one way in which an epoch ends. Awaits that the interrupted scripts have
 * settled, has QEMU dead and seen to be dead, gives everything back, and only then says so.
 */
import * as Effect from "effect/Effect"
import type { ProcessId } from "../../src/host/process.ts"
import { killAndConfirm } from "../../src/qemu/kill.ts"
import type { Belongings } from "./belongings.ts"
import type { DomainSelf, Identity, Needs } from "./needs.ts"
import { Surroundings } from "./surroundings.ts"

/** Between two reports of a process that will not die; it is killed again each time. */
const lookBoundMs = 5_000

interface Release {
  readonly epoch: string
  readonly graceMs: number
}

/** Ends only when this process is dead: a thing that lives keeps what it has. */
export const untilDead = (
  mine: Belongings<Needs>,
  process: ProcessId,
  graceMs: number
): Effect.Effect<void, never, Needs> =>
  killAndConfirm(process, { graceMs, boundMs: graceMs + lookBoundMs, onExit: mine.onExit }).pipe(
    Effect.catchTag("StillAlive", () => Effect.suspend(() => untilDead(mine, process, 0)))
  )

export const release = (domain: Identity) =>
  Effect.fnUntraced(function* ({ epoch, graceMs }: Release, self: DomainSelf) {
    yield* self.settled
    const mine = domain.belongings.of(epoch)
    const { connections } = yield* Surroundings
    // The monitor first: what QEMU says while it dies is nobody's concern.
    yield* mine.monitor?.close ?? Effect.void
    mine.monitor = undefined
    yield* mine.agent?.close ?? Effect.void
    if (mine.process !== undefined) yield* untilDead(mine, mine.process, graceMs)
    yield* mine.release
    connections.ended({ uuid: domain.uuid, epoch })
    domain.belongings.forget(epoch)
    return { type: "released" as const }
  })
