/**
 * One command to a running guest's agent, and how it can fail: past the domain's mailbox, so that a
 * guest that hangs holds nobody but its askers. Refuses at once where no answer can come.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import {
  AgentNonsense,
  AgentNotConfigured,
  AgentRefused,
  AgentUnresponsive
} from "../../src/model/agent-error.ts"
import { InvalidArgument } from "../../src/model/guest-error.ts"
import type { Command } from "../../src/qmp/command.ts"
import type { Patience } from "../agent.ts"
import { agentOf, isAgentAway } from "./agent.ts"
import type { DomainRef } from "./domain.ts"
import { running } from "./reach.ts"

/** VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_* and VIR_DOMAIN_QEMU_AGENT_COMMAND_*. */
const [block, usual, nowait] = [-2, -1, 0]
const usualMs = 5_000

/** As `NotRunning` says it. */
export const asking = "ask the agent of"

export const patienceOf = (seconds: number): Patience => {
  if (seconds === block) return { type: "block" }
  if (seconds === nowait) return { type: "nowait" }
  return { type: "within", ms: seconds === usual ? usualMs : seconds * 1000 }
}

export const isPatience = (seconds: number): boolean =>
  Number.isSafeInteger(seconds) && seconds >= block && seconds * 1000 <= 2 ** 31 - 1

/** The agent of a running guest that is not known to be away. */
const reached = Effect.fnUntraced(function* (ref: DomainRef, operation: string) {
  const { domain, epoch, live } = yield* running(ref, asking)
  const agent = yield* agentOf(ref.belongings.of(epoch), { uuid: ref.uuid, epoch, live })
  if (agent === undefined) return yield* new AgentNotConfigured({ domain })
  if (isAgentAway(live))
    return yield* new AgentUnresponsive({
      domain,
      command: operation,
      why: "it is not connected"
    })
  return { domain, live, agent }
})

type Sendable = Pick<Command<unknown>, "execute" | "arguments">

/** One command; `undefined` when its answer is not waited for. */
export const tell = Effect.fnUntraced(function* (
  ref: DomainRef,
  command: Sendable,
  patience?: Patience
) {
  const { domain, agent } = yield* reached(ref, command.execute)
  const words = command.arguments === undefined ? {} : { arguments: command.arguments }
  return yield* agent
    .execute(
      { execute: command.execute, ...words },
      patience ?? patienceOf(agent.responseTimeoutSeconds)
    )
    .pipe(
      Effect.mapError((error) => {
        const of = { domain, command: command.execute }
        if (error._tag !== "AgentFailure")
          return new AgentUnresponsive({
            ...of,
            why: error._tag === "ActorStopped" ? "its guest ended" : error.message
          })
        return error.class === undefined
          ? new AgentUnresponsive({ ...of, why: error.why })
          : new AgentRefused({ ...of, class: error.class, desc: error.why })
      })
    )
})

/** One command and what its answer means. */
export const ask = Effect.fnUntraced(function* <A>(ref: DomainRef, command: Command<A>) {
  const reply = yield* tell(ref, command)
  const { domain } = yield* running(ref, asking)
  if (reply === undefined)
    return yield* new AgentUnresponsive({
      domain,
      command: command.execute,
      why: "its answers are not waited for, by the domain's setting"
    })
  const read = command.decode(reply)
  if (Result.isSuccess(read)) return read.success
  return yield* new AgentNonsense({ domain, command: command.execute, why: read.failure })
})

/** As `ask`, of a command whose answer says nothing: not waiting for it is no failure. */
export const order = (ref: DomainRef, command: Command<void>) => Effect.asVoid(tell(ref, command))

export const invalid = (ref: DomainRef, argument: string, why: string) =>
  Effect.flatMap(running(ref, asking), ({ domain }) =>
    Effect.fail(new InvalidArgument({ domain, argument, why }))
  )
