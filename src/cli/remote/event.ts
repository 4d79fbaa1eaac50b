/** `event`: what happens to domains, as it happens. */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { BadInput } from "../failure.ts"
import { jsonLine } from "../output.ts"
import { Screen } from "../screen.ts"
import { lifecycleOf } from "./engine.ts"
import { eventWords, listen, type Told } from "./events.ts"
import { findDomain, uuidText } from "./reference.ts"
import type { Asking } from "./answer.ts"

export interface EventOptions {
  /** Of one domain only. */
  readonly domain: string | undefined
  readonly event: string | undefined
  readonly isAll: boolean
  readonly isLooped: boolean
  readonly withTime: boolean
  readonly timeoutMs: number | undefined
}

/** Numbers that have words are told by them. */
const wordsOf = ({ event, fields }: Told): Readonly<Record<string, unknown>> => {
  if (event !== "lifecycle") return fields
  const known = lifecycleOf(Number(fields["event"]), Number(fields["detail"]))
  return known === undefined ? fields : { what: known.event, detail: known.detail }
}

const sentenceOf = (told: Told): string => {
  const words = wordsOf(told)
  const rest =
    told.event === "lifecycle" && "what" in words
      ? `${String(words["what"])} (${String(words["detail"])})`
      : Object.entries(words)
          .filter(([, value]) => value !== null)
          .map(([name, value]) => `${name}=${textOf(value)}`)
          .join(" ")
  return `${told.dom.name}: ${told.event}${rest === "" ? "" : ` ${rest}`}`
}

const textOf = (value: unknown): string =>
  typeof value === "object" ? jsonLine(value).trimEnd() : String(value)

/** UTC, which sorts. */
const timeText = (ms: number): string => DateTime.formatIso(DateTime.makeUnsafe(ms))

const wantedOf = ({ event, isAll }: EventOptions): Effect.Effect<readonly string[], BadInput> => {
  if (isAll) return Effect.succeed(eventWords)
  if (event !== undefined && eventWords.includes(event)) return Effect.succeed([event])
  const which = event === undefined ? "no event is named" : `there is no event '${event}'`
  return Effect.fail(
    new BadInput({ message: `${which}: --all, or --event with one of ${eventWords.join(", ")}` })
  )
}

const tell = (told: Told, { withTime }: EventOptions, { format }: Asking) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const nowMs = yield* Clock.currentTimeMillis
    if (format === "name") return yield* screen.write(`${told.dom.name}\n`)
    if (format === "table") {
      const time = withTime ? `${timeText(nowMs)}: ` : ""
      return yield* screen.write(`${time}${sentenceOf(told)}\n`)
    }
    const { event, dom } = told
    const record = {
      ...(withTime ? { timeMs: nowMs } : {}),
      event,
      name: dom.name,
      uuid: uuidText(dom.uuid),
      ...wordsOf(told)
    }
    // One JSON object is also one line of YAML.
    yield* screen.write(`${format === "yaml" ? "- " : ""}${jsonLine(record)}`)
  })

/** One event, or with `--loop` all of them until Ctrl-C or the timeout. */
export const showEvents = (options: EventOptions, asking: Asking) =>
  Effect.gen(function* () {
    const { remote } = asking
    const screen = yield* Screen
    const events = yield* wantedOf(options)
    const { domain, isLooped, timeoutMs } = options
    const dom = domain === undefined ? undefined : yield* findDomain(remote, domain)
    const next = yield* listen(remote, { events, ...(dom === undefined ? {} : { dom }) })
    const hearing = Effect.gen(function* () {
      do yield* tell(yield* next, options, asking)
      while (isLooped)
    })
    const bounded =
      timeoutMs === undefined ? hearing : Effect.asVoid(Effect.timeoutOption(hearing, timeoutMs))
    yield* Effect.raceFirst(bounded, Effect.asVoid(screen.stopAsked))
    return undefined
  })
