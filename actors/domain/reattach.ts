/**
 * Script `reattach`: a QEMU that lives and whose monitor is not connected is sought until it is
 * found or seen dead. The process is asked whether it lives; the socket only whether it talks.
 */
import * as Effect from "effect/Effect"
import type { GuestStatus } from "../../machines/domain/context.ts"
import { isAlive, type ProcessExit, Processes } from "../../src/host/process.ts"
import { devicesOf } from "../../src/model/device.ts"
import { aliasOfDevice } from "../../src/model/device-match.ts"
import { queryChardev } from "../../src/qmp/command.ts"
import type { Monitor } from "../monitor.ts"
import type { Belongings } from "./belongings.ts"
import { connect, earOf } from "./connect.ts"
import type { DomainSelf, Identity, Needs } from "./needs.ts"
import { mayLeave } from "./plug.ts"
import { peripherals } from "./plugged.ts"

/** The first look follows the end of the connection, when QEMU is just about to be a zombie. */
const firstPauseMs = 2
const pauseMsMax = 5_000
/** A QEMU that is stopped or hangs accepts and does not answer. */
const handshakeTimeoutMs = 5_000

/** `query-status`, qapi/run-state.json RunState. */
export const guestStatus = (answer: unknown): GuestStatus => {
  const status = (answer as { readonly status?: unknown } | null)?.status
  switch (status) {
    case "running":
      return "running"
    case "suspended":
    case "shutdown":
    case "prelaunch":
      return status
    case "guest-panicked":
      return "crashed"
    default:
      return "paused"
  }
}

const isGone = Effect.fnUntraced(function* (mine: Belongings<Needs>) {
  const { process } = mine
  if (process === undefined) return true
  const found = yield* (yield* Processes).inspect(process.pid)
  return found === undefined || found.startTime !== process.startTime || !isAlive(found)
})

/** From the death of a child until we have reaped it. */
const exitAfterDeathMs = 1_000

/** How it ended, as far as anybody knows: only a child's exit status is told. */
const lastWord = Effect.fnUntraced(function* (mine: Belongings<Needs>, epoch: string) {
  const { onExit } = mine
  const exited = Effect.callback<ProcessExit>((resume) =>
    onExit?.((exit) => resume(Effect.succeed(exit)))
  )
  const exit =
    onExit === undefined ? undefined : yield* Effect.timeoutOption(exited, exitAfterDeathMs)
  const isClean = exit?._tag === "Some" && exit.value.code === 0
  return { type: "exited" as const, epoch, isClean, why: "the process ended" }
})

/** Channels may have been opened while nobody listened. Told after the guest's status. */
const lookAtPorts = Effect.fnUntraced(function* (
  domain: Identity,
  monitor: Monitor,
  epoch: string
) {
  const { live } = domain.now().context
  const all = live === undefined ? [] : devicesOf(live, "channel")
  const channels = all.filter(({ target }) => target.type === "virtio")
  if (channels.length === 0) return
  const command = queryChardev()
  const reply = command.decode(yield* monitor.execute({ execute: command.execute }))
  if (reply._tag === "Failure") return
  for (const { label, isOpenInGuest } of reply.success) {
    const alias = channels.find((one) => `char${one.alias}` === label)?.alias
    if (alias === undefined) continue
    domain.belongings.of(epoch).ear?.hear({
      type: "qmpPort",
      epoch,
      alias,
      isOpen: isOpenInGuest
    })
  }
})

/** Devices may have gone while nobody listened, or have never come. Told behind the status. */
const lookAtDevices = Effect.fnUntraced(function* (
  domain: Identity,
  monitor: Monitor,
  epoch: string
) {
  const { live } = domain.now().context
  const names = (live?.devices ?? [])
    .filter(mayLeave)
    .flatMap((device) => aliasOfDevice(device) ?? [])
  if (names.length === 0) return
  const present = yield* peripherals(monitor)
  if (present === undefined) return
  for (const alias of names.filter((name) => !present.includes(name)))
    domain.belongings.of(epoch).ear?.hear({ type: "qmpDeleted", epoch, alias })
})

const talk = (domain: Identity, self: DomainSelf, epoch: string) =>
  Effect.gen(function* () {
    const monitor = yield* connect(domain, self, epoch)
    const status = guestStatus(yield* monitor.execute({ execute: "query-status" }))
    yield* lookAtPorts(domain, monitor, epoch)
    yield* lookAtDevices(domain, monitor, epoch)
    return status
  }).pipe(Effect.timeout(handshakeTimeoutMs))

export const reattach = (domain: Identity) =>
  Effect.fnUntraced(function* ({ epoch }: { readonly epoch: string }, self: DomainSelf) {
    yield* self.settled
    const mine = domain.belongings.of(epoch)
    const ear = earOf(mine, self, false)
    let pauseMs = firstPauseMs
    for (;;) {
      yield* mine.monitor?.close ?? Effect.void
      mine.monitor = undefined
      // What QEMU tells after its answer to `query-status` must not overtake that answer.
      ear.close()
      if (yield* isGone(mine)) return yield* lastWord(mine, epoch)
      const found = yield* Effect.option(talk(domain, self, epoch))
      if (found._tag === "Some") return { type: "reattached" as const, status: found.value }
      yield* Effect.sleep(pauseMs)
      pauseMs = Math.min(pauseMs * 2, pauseMsMax)
    }
  })
