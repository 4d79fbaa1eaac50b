/**
 * The way to a running guest's QEMU for questions and small orders: straight to the monitor of its
 * epoch, past the domain's mailbox, so that a QEMU that hangs holds nobody but its askers, and not
 * destroy. Refuses at once where no answer can come. Changes nothing of the domain.
 */
import * as Effect from "effect/Effect"
import type { ProcessRef } from "../../machines/domain/context.ts"
import type { Domain } from "../../src/model/domain.ts"
import { GuestRefused, GuestSilent, NotRunning } from "../../src/model/guest-error.ts"
import type { Ask } from "../../src/qemu/guest-ask.ts"
import type { Command } from "../../src/qmp/command.ts"
import type { Monitor } from "../monitor.ts"
import { type DomainRef, isSettled, view } from "./domain.ts"
import { failureOf } from "./monitor-failure.ts"

/** A guest as it was when it was reached. What is asked of it goes to that epoch and no other. */
export interface Reached {
  readonly domain: string
  readonly epoch: string
  readonly live: Domain
  readonly process: ProcessRef
  readonly ask: Ask
}

/** A guest that runs, whether or not its QEMU can be talked to. */
export const running = (ref: DomainRef, operation: string) =>
  Effect.suspend(() => {
    const { name, epoch, live, process } = view(ref).context
    return epoch === undefined || live === undefined || process === undefined || !isSettled(ref)
      ? Effect.fail(new NotRunning({ domain: name, operation }))
      : Effect.succeed({ domain: name, epoch, live, process })
  })

const askOn =
  (monitor: Monitor, { domain, operation }: Record<"domain" | "operation", string>): Ask =>
  <A>(command: Command<A>) =>
    Effect.gen(function* () {
      const { execute } = command
      // Only what goes on the wire: the message is kept in traces, and a function is none.
      const words = command.arguments === undefined ? {} : { arguments: command.arguments }
      const reply = yield* monitor
        .execute({ execute, ...words })
        .pipe(Effect.mapError((error) => failureOf(error, { domain, operation, command: execute })))
      const read = command.decode(reply)
      if (read._tag === "Success") return read.success
      const why = `its answer cannot be read: ${read.failure}`
      return yield* new GuestRefused({ domain, command: execute, class: "Unreadable", why })
    })

/** Fails at once for a guest that is not running, or whose QEMU is known not to answer. */
export const reach = (
  ref: DomainRef,
  operation: string
): Effect.Effect<Reached, NotRunning | GuestSilent> =>
  Effect.gen(function* () {
    const guest = yield* running(ref, operation)
    const { domain, epoch } = guest
    const monitor = ref.belongings.find(epoch)?.monitor
    const region = ref.actor.published.value.monitor
    if (region === "silent")
      return yield* new GuestSilent({ domain, operation, why: "its QEMU does not answer" })
    if (monitor === undefined)
      return yield* new GuestSilent({ domain, operation, why: "its QEMU is not connected" })
    return { ...guest, ask: askOn(monitor, { domain, operation }) }
  })

/** Whether QEMU can be talked to, as far as anybody knows, and since when it has been busy. */
export interface Control {
  readonly region: string
  /** When the oldest command that is not answered was sent; in the kernel's time. */
  readonly busySinceMs: number | undefined
  readonly nowMs: number
}

export const control = (ref: DomainRef, epoch: string): Control => ({
  region: ref.actor.published.value.monitor,
  busySinceMs: ref.belongings.find(epoch)?.monitor?.busySinceMs(),
  nowMs: ref.actor.kernel.timers.nowMs()
})

/** Where files of this epoch lie that QEMU may write: it goes with the epoch. */
export const directoryOf = (ref: DomainRef, epoch: string): string | undefined => {
  const path = ref.belongings.find(epoch)?.monitorPath
  return path === undefined || path === "" ? undefined : path.slice(0, path.lastIndexOf("/"))
}
