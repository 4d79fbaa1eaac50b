/**
 * What may be asked of a guest through its agent, one function for each of libvirt's calls. What
 * the guest answers is its own word.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { AgentNotConfigured } from "../../src/model/agent-error.ts"
import type { GuestTime, SuspendTarget } from "../../src/model/guest-info.ts"
import * as Words from "../../src/qmp/agent-command.ts"
import { command as anyCommand } from "../../src/qmp/command.ts"
import { formatJson, isObject, type Json, parseJson } from "../../src/qmp/json.ts"
import { agentOf } from "./agent.ts"
import { ask, asking, invalid, isPatience, order, patienceOf, tell } from "./agent-ask.ts"
import type { DomainRef } from "./domain.ts"
import { reach, running } from "./reach.ts"

/** A guest that goes to sleep does not answer; one that cannot says so within this. */
const suspendSilenceMs = 5_000

/** A client's own command, and the agent's answer as it is. */
export const command = Effect.fnUntraced(function* (
  ref: DomainRef,
  text: string,
  timeoutSeconds: number
) {
  if (!isPatience(timeoutSeconds))
    return yield* invalid(ref, "timeout", `${timeoutSeconds} is not -2, -1, 0 or seconds`)
  const parsed = parseJson(text)
  if (Result.isFailure(parsed)) return yield* invalid(ref, "command", parsed.failure)
  const value = parsed.success
  const execute = isObject(value) ? value["execute"] : undefined
  if (!isObject(value) || typeof execute !== "string")
    return yield* invalid(ref, "command", "it has no member 'execute'")
  const words = value["arguments"]
  if (words !== undefined && !isObject(words))
    return yield* invalid(ref, "command", "its arguments are no object")
  const sendable = words === undefined ? { execute } : { execute, arguments: words }
  const reply = yield* tell(ref, sendable, patienceOf(timeoutSeconds))
  if (reply === undefined) return undefined
  return Result.getOrElse(formatJson({ return: reply } satisfies Json), () => `{"return":null}`)
})

/** Of all that is asked from now on, for the life of the guest. */
export const setResponseTimeout = Effect.fnUntraced(function* (ref: DomainRef, seconds: number) {
  if (!isPatience(seconds))
    return yield* invalid(ref, "timeout", `${seconds} is not -2, -1, 0 or seconds`)
  const { domain, epoch, live } = yield* running(ref, asking)
  const agent = yield* agentOf(ref.belongings.of(epoch), { uuid: ref.uuid, epoch, live })
  if (agent === undefined) return yield* new AgentNotConfigured({ domain })
  agent.responseTimeoutSeconds = seconds
})

export const fsFreeze = (ref: DomainRef, mountpoints: readonly string[]) =>
  ask(ref, mountpoints.length === 0 ? Words.freeze() : Words.freezeList(mountpoints))
export const fsThaw = (ref: DomainRef) => ask(ref, Words.thaw())
export const fsTrim = (ref: DomainRef, minimumBytes: bigint) => order(ref, Words.trim(minimumBytes))

const nsPerSecond = 1_000_000_000n

export const time = (ref: DomainRef) =>
  Effect.map(
    ask(ref, Words.getTime()),
    (ns): GuestTime => ({ seconds: ns / nsPerSecond, nanoseconds: Number(ns % nsPerSecond) })
  )

/**
 * What QEMU has counted of ticks that the guest missed would be made up for on top of the new time;
 * a QEMU that cannot drop them (it is x86's) has none.
 */
const dropMissedTicks = (ref: DomainRef) =>
  Effect.ignore(
    Effect.flatMap(reach(ref, "set the time of"), (guest) =>
      guest.ask(anyCommand("rtc-reset-reinjection"))
    )
  )

export const setTime = (ref: DomainRef, to: GuestTime | "sync") => {
  const ns = to === "sync" ? undefined : to.seconds * nsPerSecond + BigInt(to.nanoseconds)
  return Effect.andThen(order(ref, Words.setTime(ns)), dropMissedTicks(ref))
}

const base64 = (text: string): string =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))

export const setUserPassword = (
  ref: DomainRef,
  to: { readonly user: string; readonly password: string; readonly isEncrypted: boolean }
) => order(ref, Words.setPassword(to.user, base64(to.password), to.isEncrypted))

export const sshKeys = (ref: DomainRef, user: string) => ask(ref, Words.getSshKeys(user))

export const setSshKeys = (
  ref: DomainRef,
  {
    user,
    keys,
    how
  }: {
    readonly user: string
    readonly keys: readonly string[]
    readonly how: "replace" | "append" | "remove"
  }
) =>
  order(
    ref,
    how === "remove"
      ? Words.removeSshKeys(user, keys)
      : Words.addSshKeys(user, { keys, reset: how === "replace" })
  )

export const hostname = (ref: DomainRef) => ask(ref, Words.getHostname())

const sleepOf = { mem: "ram", disk: "disk", hybrid: "hybrid" } as const

export const pmSuspend = (ref: DomainRef, target: SuspendTarget) =>
  Effect.asVoid(
    tell(ref, Words.guestSuspend(sleepOf[target]), { type: "silence", ms: suspendSilenceMs })
  )

export { info, filesystems } from "./agent-info.ts"
export { interfaceAddresses } from "./agent-addresses.ts"
export { setVcpuCount, setVcpus, vcpus } from "./agent-vcpus.ts"
