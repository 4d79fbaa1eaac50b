/**
 * The pattern of every pool of host devices: one owner of who holds what. Reserves all or nothing,
 * releases by the token that the asker chose, so that a rollback gives back only its own. Pure
 * table; preparing the device itself (sysfs, VFIO) is not done here.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import { answered, failed, type Request, type RequestMessage } from "../src/base/protocol.ts"
import { Actor } from "../src/kernel/actor.ts"
import type { Decision, Fact } from "../src/kernel/behaviour.ts"
import type { KernelError } from "../src/kernel/error.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { DeviceBusy } from "../src/model/domain-error.ts"

export interface Holder {
  readonly uuid: string
  readonly name: string
  readonly epoch: string
  /** Chosen by the asker before it asks, so that its undo can be registered first. */
  readonly token: string
}

/** Device -> who has it. Published: readers look without asking. */
export type Holdings = { readonly [device: string]: Holder }

export interface PoolProtocol {
  readonly reserve: Request<
    { readonly devices: readonly string[]; readonly holder: Holder },
    void,
    DeviceBusy
  >
  readonly release: Request<{ readonly token: string }>
}

const reserve = (
  state: Holdings,
  { devices, holder, call }: RequestMessage<PoolProtocol> & { readonly type: "reserve" }
): Decision<Holdings> => {
  const reply = (answer: ReturnType<typeof answered>) => [
    { type: "reply", params: { calls: [call], answer } }
  ]
  // Asking again with the same token is asking once.
  const taken = devices.find(
    (device) => Object.hasOwn(state, device) && state[device]?.token !== holder.token
  )
  const by = taken === undefined ? undefined : state[taken]
  if (taken !== undefined && by !== undefined)
    return {
      next: state,
      actions: reply(failed(new DeviceBusy({ device: taken, holder: by.name })))
    }
  const added = Object.fromEntries(devices.map((device) => [device, holder]))
  return { next: { ...state, ...added }, actions: reply(answered()) }
}

const decide = (
  state: Holdings,
  message: RequestMessage<PoolProtocol> | Fact
): Decision<Holdings> => {
  const request = message as RequestMessage<PoolProtocol>
  if (request.type === "reserve") return reserve(state, request)
  const kept = Object.entries(state).filter(([, holder]) => holder.token !== request.token)
  return {
    next: Object.fromEntries(kept),
    actions: [{ type: "reply", params: { calls: [request.call], answer: answered() } }]
  }
}

export interface Pool {
  readonly reserve: (
    devices: readonly string[],
    holder: Holder
  ) => Effect.Effect<void, DeviceBusy | KernelError>
  /** Gives back what this token took, and nothing else. Idempotent. */
  readonly release: (token: string) => Effect.Effect<void, KernelError>
  readonly holdings: () => Holdings
  readonly stop: () => Effect.Effect<void>
}

export const makePool = (kernel: Kernel, name: string): Pool => {
  const actor = new Actor<Holdings, PoolProtocol>(
    {
      name,
      initial: { next: {}, actions: [] },
      decide,
      describe: (state) => `${Object.keys(state).length} held`,
      scripts: {}
    },
    kernel,
    Context.empty()
  )
  return {
    reserve: (devices, holder) => actor.ask("reserve", { devices, holder }),
    // A release passes full mailboxes: what ended must not keep what it had.
    release: (token) => actor.ask("release", { token }, "control"),
    holdings: () => actor.published,
    stop: () => actor.stop()
  }
}
