/**
 * Scripts that drive a living guest over QMP: stop, cont, reset, the power button, the agent. Each
 * ends in one word to the chart; QEMU's own events say what became of it.
 */
import * as Effect from "effect/Effect"
import type { Signal, SignalMode } from "../../machines/domain/context.ts"
import { DomainGone, OperationFailed } from "../../src/model/domain-error.ts"
import type { Monitor } from "../monitor.ts"
import type { DomainSelf, Identity, Needs } from "./needs.ts"

/** libvirt's own for shutdown through the agent is 60 s; the button is there meanwhile. */
const agentTimeoutMs = 5_000

const monitorOf = (domain: Identity, epoch: string): Monitor | undefined =>
  domain.belongings.find(epoch)?.monitor

type Command = Parameters<Monitor["execute"]>[0]

/** Runs commands in order on the epoch's monitor; the first failure ends them. */
const perform = (
  domain: Identity,
  request: { readonly epoch: string; readonly operation: string },
  commands: readonly Command[]
): Effect.Effect<void, OperationFailed | DomainGone> =>
  Effect.suspend(() => {
    const { name } = domain.now().context
    const { epoch, operation } = request
    const monitor = monitorOf(domain, epoch)
    if (monitor === undefined)
      return Effect.fail(
        new OperationFailed({ domain: name, operation, why: "its monitor is not connected" })
      )
    return Effect.forEach(commands, (command) => monitor.execute(command), {
      discard: true
    }).pipe(
      Effect.mapError((error) =>
        error._tag === "QmpEnded" || error._tag === "ActorStopped"
          ? new DomainGone({ domain: name, operation })
          : new OperationFailed({ domain: name, operation, why: error.message })
      )
    )
  })

const answeredAs = (work: Effect.Effect<void, OperationFailed | DomainGone>) =>
  Effect.match(work, {
    onSuccess: () => ({ type: "answered" as const, failure: undefined }),
    onFailure: (failure) => ({ type: "answered" as const, failure })
  })

interface Epoch {
  readonly epoch: string
}

export const pauseGuest =
  (domain: Identity) =>
  ({ epoch }: Epoch) =>
    answeredAs(perform(domain, { epoch, operation: "suspend" }, [{ execute: "stop" }]))

export const continueGuest =
  (domain: Identity) =>
  ({ epoch }: Epoch) =>
    answeredAs(perform(domain, { epoch, operation: "resume" }, [{ execute: "cont" }]))

/** QEMU stays stopped after a power-off or a panic until it is continued. */
export const bootAgain =
  (domain: Identity) =>
  ({ epoch }: Epoch) =>
    answeredAs(
      perform(domain, { epoch, operation: "reboot" }, [
        { execute: "system_reset" },
        { execute: "cont" }
      ])
    )

const commandOf: { readonly [S in Signal]: string } = {
  shutdown: "system_powerdown",
  reboot: "system_powerdown",
  reset: "system_reset",
  wakeup: "system_wakeup"
}

interface SignalRequest extends Epoch {
  readonly signal: Signal
  readonly mode: SignalMode
}

/**
 * By default the agent is asked when it is there, and the power button is pressed when it is not.
 */
export const sendSignal =
  (domain: Identity, askAgent: AskAgent) =>
  ({ epoch, signal, mode }: SignalRequest, _self: DomainSelf) => {
    const press = Effect.as(
      perform(domain, { epoch, operation: signal }, [{ execute: commandOf[signal] }]),
      true
    )
    const isAgentless = signal === "reset" || signal === "wakeup" || mode === "acpi"
    const viaAgent = askAgent(domain, epoch, signal === "reboot" ? "reboot" : "powerdown").pipe(
      Effect.timeout(agentTimeoutMs),
      Effect.as(false),
      Effect.mapError(
        (error) =>
          new OperationFailed({
            domain: domain.now().context.name,
            operation: signal,
            why: error.message
          })
      )
    )
    const work = isAgentless
      ? press
      : mode === "agent"
        ? viaAgent
        : Effect.catch(viaAgent, () => press)
    return Effect.match(work, {
      onSuccess: (pressed) => ({
        type: "signalled" as const,
        failure: undefined,
        viaAcpi: pressed && (signal === "shutdown" || signal === "reboot")
      }),
      onFailure: (failure) => ({ type: "signalled" as const, failure, viaAcpi: false })
    })
  }

/** Asks the guest's agent to end the system; fails when there is none or it does not listen. */
export type AskAgent = (
  domain: Identity,
  epoch: string,
  mode: "powerdown" | "reboot"
) => Effect.Effect<void, { readonly message: string }, Needs>
