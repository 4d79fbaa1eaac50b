/** A daemon's domain in the shape that the commands work with: each deed is one call or a few. */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { type DomainState, reasonNumber, stateNumber } from "../../model/state.ts"
import type { Remote } from "../../rpc/client/connect.ts"
import type { CallFailure } from "../../rpc/client/error.ts"
import type { Attempt, Guest, Info, Summary } from "../engine.ts"
import { listen } from "./events.ts"
import { bits, createFlags, destroyFlags, modeFlags, xmlFlags } from "./flags.ts"
import { isNoDomain, lookAgain, type Reference, uuidText } from "./reference.ts"

/** The state that was waited for did not come in time. */
export class StateNotReached extends Data.TaggedError("StateNotReached")<{
  readonly name: string
  readonly wanted: string
  readonly timeoutMs: number
}> {
  override get message(): string {
    return `'${this.name}' is not ${this.wanted} after ${this.timeoutMs / 1000} s`
  }
}

const keyOf = (table: Readonly<Record<string, number>>, number: number): string | undefined =>
  Object.keys(table).find((key) => table[key] === number)

const isState = (word: string): word is DomainState => Object.hasOwn(stateNumber, word)

/** libvirt's numbers as words; what is newer than we are is `nostate`, and `unknown`. */
export const stateOf = (
  state: number,
  reason: number
): { readonly state: DomainState; readonly reason: string } => {
  const word = keyOf(stateNumber, state) ?? "nostate"
  const known: DomainState = isState(word) ? word : "nostate"
  return { state: known, reason: keyOf(reasonNumber[known], reason) ?? "unknown" }
}

/** What a reference and a few facts make of a domain. */
export const summaryOf = (
  dom: Reference,
  facts: Pick<Summary, "state" | "reason" | "isPersistent" | "isAutostart">
): Summary => ({
  uuid: uuidText(dom.uuid),
  name: dom.name,
  id: dom.id < 0 ? undefined : dom.id,
  state: facts.state,
  reason: facts.reason,
  isActive: dom.id >= 0,
  isPersistent: facts.isPersistent,
  isAutostart: facts.isAutostart,
  epoch: undefined,
  startedAtMs: undefined
})

const summary = (remote: Remote, old: Reference): Effect.Effect<Summary, CallFailure> =>
  Effect.gen(function* () {
    const dom = yield* lookAgain(remote, old)
    const [now, { persistent }, { autostart }] = yield* Effect.all(
      [
        remote.call("remote", "DOMAIN_GET_STATE", { dom, flags: 0 }),
        remote.call("remote", "DOMAIN_IS_PERSISTENT", { dom }),
        remote.call("remote", "DOMAIN_GET_AUTOSTART", { dom })
      ],
      { concurrency: "unbounded" }
    )
    return summaryOf(dom, {
      ...stateOf(now.state, now.reason),
      isPersistent: persistent !== 0,
      isAutostart: autostart !== 0
    })
  })

const info = (remote: Remote, dom: Reference): Effect.Effect<Info, CallFailure> =>
  Effect.map(
    Effect.all([summary(remote, dom), remote.call("remote", "DOMAIN_GET_INFO", { dom })], {
      concurrency: "unbounded"
    }),
    ([known, { maxMem, memory, nrVirtCpu, cpuTime }]) => ({
      ...known,
      maximumMemoryKiB: Number(maxMem),
      memoryKiB: Number(memory),
      vcpus: nrVirtCpu,
      cpuTimeNs: known.isActive ? Number(cpuTime) : undefined,
      pid: undefined,
      chart: undefined
    })
  )

/** A domain that is no more has ended as much as one can. */
const stateNow = (remote: Remote, dom: Reference): Effect.Effect<DomainState, CallFailure> =>
  remote.call("remote", "DOMAIN_GET_STATE", { dom, flags: 0 }).pipe(
    Effect.map(({ state, reason }) => stateOf(state, reason).state),
    Effect.catchIf(isNoDomain, () => Effect.succeed<DomainState>("shutoff"))
  )

/** By events: one is listened for before the state is looked at, so that none is missed. */
const waitFor = (remote: Remote, dom: Reference) => (wanted: DomainState, timeoutMs: number) =>
  Effect.gen(function* () {
    const next = yield* listen(remote, { events: ["lifecycle"], dom })
    while ((yield* stateNow(remote, dom)) !== wanted) yield* next
  }).pipe(
    Effect.scoped,
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () => Effect.fail(new StateNotReached({ name: dom.name, wanted, timeoutMs }))
    })
  )

/** A minute, as the embedded engine waits by default. */
const waitTimeoutMs = 60_000

export const remoteGuest = (remote: Remote, dom: Reference): Guest => {
  const { call } = remote
  const wait = waitFor(remote, dom)
  return {
    uuid: uuidText(dom.uuid),
    name: dom.name,
    summary: summary(remote, dom),
    info: info(remote, dom),
    xml: ({ isInactive, withSecrets } = {}): Attempt<string> => {
      const flags = bits(xmlFlags, { inactive: isInactive, secure: withSecrets })
      return Effect.map(call("remote", "DOMAIN_GET_XML_DESC", { dom, flags }), ({ xml }) => xml)
    },
    start: ({ isPaused, autoDestroy } = {}) => {
      const wanted = { paused: isPaused, autoDestroy: autoDestroy !== undefined }
      const flags = bits(createFlags, wanted)
      return Effect.map(
        call("remote", "DOMAIN_CREATE_WITH_FLAGS", { dom, flags }),
        (ret) => ret.dom.id
      )
    },
    suspend: call("remote", "DOMAIN_SUSPEND", { dom }),
    resume: call("remote", "DOMAIN_RESUME", { dom }),
    shutdown: (mode = "default") =>
      call("remote", "DOMAIN_SHUTDOWN_FLAGS", { dom, flags: modeFlags[mode] }),
    reboot: (mode = "default") => call("remote", "DOMAIN_REBOOT", { dom, flags: modeFlags[mode] }),
    reset: call("remote", "DOMAIN_RESET", { dom, flags: 0 }),
    wakeup: call("remote", "DOMAIN_PM_WAKEUP", { dom, flags: 0 }),
    destroy: ({ isGraceful } = {}) =>
      call("remote", "DOMAIN_DESTROY_FLAGS", {
        dom,
        flags: bits(destroyFlags, { graceful: isGraceful })
      }),
    undefine: call("remote", "DOMAIN_UNDEFINE_FLAGS", { dom, flags: 0 }),
    rename: (name) =>
      Effect.asVoid(call("remote", "DOMAIN_RENAME", { dom, new_name: name, flags: 0 })),
    setAutostart: (isAutostart) =>
      call("remote", "DOMAIN_SET_AUTOSTART", { dom, autostart: isAutostart ? 1 : 0 }),
    waitFor: (state, { timeoutMs = waitTimeoutMs } = {}) => wait(state, timeoutMs)
  }
}
