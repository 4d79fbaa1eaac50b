/**
 * Judges what clients were told: whether the history of each domain, and of all of them together,
 * could have come from an engine that does one thing at a time. Gives violations that a person can
 * read.
 */
import { type Slot, slotName } from "./api-call.ts"
import { domainModel } from "./domain-model.ts"
import { type DomainMoves, type Lives, livesOf, movesOf } from "./domain-moves.ts"
import { described } from "./domain-state.ts"
import type { DomainMove } from "./domain-step.ts"
import { describeCall, describeResult, draw } from "./drawing.ts"
import { linearizable, type TimedCall, type Verdict } from "./linearizable.ts"
import type { Happening, History, Operation } from "./operation.ts"
import { isUnexplained } from "./outcome.ts"
import { describedRegistry, makeRegistryModel, type RegistryOptions } from "./registry-model.ts"
import { registryMoves, registryOptions } from "./registry-moves.ts"

export interface HistoryViolation {
  /** A domain's name, or `registry`. */
  readonly subject: string
  readonly why: "impossible" | "undecided" | "unexplained"
  /** Some lines: what cannot be, and a drawing of the calls around it. */
  readonly message: string
  /** The call that cannot be as it was, by its number; `undefined` for what is no call. */
  readonly operation?: number | undefined
}

export interface CheckOptions {
  /**
   * No fault was met, and no time passed while anybody had something to do: an error that only one
   * of these explains is a violation too.
   */
  readonly isCalm?: boolean
  /**
   * QEMUs that are killed, or die of a bug, are not among the happenings. What never is said to
   * have exited may then have done so at any time.
   */
  readonly mayDieUntold?: boolean
  /**
   * Names whose definitions the engine could not read at some opening. It goes on without these
   * domains, whose names stay taken; nothing is judged that concerns them.
   */
  readonly unreadable?: readonly Slot[]
  /** For each domain, and for the registry. */
  readonly visitedMax?: number
}

interface Move {
  readonly of: Operation | Happening
}

interface Failed<State, Op> {
  readonly subject: string
  readonly verdict: Extract<Verdict<State, Op, never>, { readonly ok: false }>
  readonly describe: (state: State) => string
}

const violationOf = <State, Op extends Move>({
  subject,
  verdict,
  describe
}: Failed<State, Op>): HistoryViolation => {
  if (verdict.why === "undecided") {
    const message = `${subject}: not decided after ${verdict.visited} situations`
    return { subject, why: "undecided", message }
  }
  const { culprit, prefix, state } = verdict
  const { of } = culprit.operation
  const what = "call" in of ? `${describeCall(of.call)} -> ${describeResult(of.result)}` : of.kind
  const until = culprit.endedAt ?? Number.POSITIVE_INFINITY
  const drawing = draw(
    prefix.map(({ operation }) => operation.of),
    { culprit: of, until }
  )
  const message =
    `${subject}: no order of these explains '${what}'\n${drawing}\n` +
    `  the best that was found ends with: ${describe(state)}`
  return { subject, why: "impossible", message, operation: "call" in of ? of.id : undefined }
}

/** Moves that leave the domain as it was: the story can be told without them. */
const isMere = ({ operation: { what } }: TimedCall<DomainMove, never>): boolean => {
  if (what.step === "row") return true
  if (what.step !== "call") return false
  const { call, result } = what
  const isRead = ["info", "xml", "lookup", "suspend", "resume", "reset"].includes(call.call)
  return isRead || (result?.kind === "error" && result.tag !== "StartFailed")
}

/** What a search may cost that only makes a story shorter. */
const reducingMax = 5_000

/** The same violation with as few reads as can be. */
const reduced = (moves: DomainMoves): DomainMoves => {
  let left = moves
  for (const move of moves.filter(isMere).toReversed()) {
    const without = left.filter((other) => other !== move)
    const verdict = linearizable({
      operations: without,
      model: domainModel,
      visitedMax: reducingMax
    })
    if (!verdict.ok && verdict.why === "impossible") left = without
  }
  return left
}

const checkDomain = (
  moves: DomainMoves,
  slot: Slot,
  options: CheckOptions
): readonly HistoryViolation[] => {
  const judge = (operations: DomainMoves) =>
    linearizable({ operations, model: domainModel, ...options })
  const verdict = judge(moves)
  if (verdict.ok) return []
  const shorter = verdict.why === "impossible" ? judge(reduced(verdict.prefix)) : verdict
  const failed = shorter.ok ? verdict : shorter
  return [violationOf({ subject: slotName(slot), verdict: failed, describe: described })]
}

const checkRegistry = (
  lives: Lives,
  registry: RegistryOptions,
  options: CheckOptions
): readonly HistoryViolation[] => {
  const operations = registryMoves(lives, registry)
  const verdict = linearizable({ operations, model: makeRegistryModel(registry), ...options })
  if (verdict.ok) return []
  return [violationOf({ subject: "registry", verdict, describe: describedRegistry })]
}

const unexplained = (history: History): readonly HistoryViolation[] =>
  history.operations.filter(isUnexplained).map((operation) => {
    const { id, call, result } = operation
    const subject = "domain" in call ? slotName(call.domain) : "registry"
    const why = result?.kind === "error" ? result.message : ""
    const message = `${subject}: ${describeCall(call)} failed, and no fault explains it: ${why}`
    return { subject, why: "unexplained", message, operation: id }
  })

/** Everything that cannot be, or nothing. */
export const checkHistory = (
  history: History,
  options: CheckOptions = {}
): readonly HistoryViolation[] => {
  const lives = livesOf(history, options.mayDieUntold)
  const registry = registryOptions(history, options.unreadable)
  const domains = registry.slots.flatMap((slot) => checkDomain(movesOf(lives, slot), slot, options))
  // What no order of one domain explains, no order of all does: said once, where it is short.
  const together = domains.length > 0 ? [] : checkRegistry(lives, registry, options)
  return [...(options.isCalm === true ? unexplained(history) : []), ...domains, ...together]
}
