/**
 * One domain as a value: its chart's snapshot, the scripts that run with how far they have come,
 * its QEMU, and what it has of the pool. Serving a message gives another value; every turn is held
 * against the laws of the domain's chart. The kernel's order is kept: stops, starts, replies, then
 * what was postponed.
 */
import {
  domainMachine,
  type DomainMessage,
  type DomainSnapshot
} from "../../../machines/domain/domain.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { type Action, scriptKey } from "../../../src/kernel/behaviour.ts"
import { initialStep, stateName, step } from "../../../src/kernel/statechart.ts"
import { type DomainLaw, definitionOf } from "../../property/machines/domain-cast.ts"
import { domainLaws } from "../../property/machines/domain-laws.ts"
import type { Outcome, Turn } from "../../property/machines/rig.ts"
import type { Guest } from "./guest.ts"

export interface Running {
  readonly script: string
  readonly params: unknown
  /** What it has done of what it does. */
  readonly stage: number
  /** For QEMU's answer. */
  readonly isWaiting: boolean
  readonly isRefused: boolean
  readonly status: string
}

type DomainTurn = Turn<DomainSnapshot, DomainMessage>

export interface Part {
  readonly snapshot: DomainSnapshot
  readonly running: ReadonlyMap<string, Running>
  readonly postponed: readonly DomainMessage[]
  readonly owed: readonly number[]
  readonly guest: Guest | undefined
  /** The token by which it has the device. */
  readonly holds: string | undefined
  /** What its guest may still do by itself, and how often its process may still die. */
  readonly whimsLeft: number
  readonly deathsLeft: number
  /** Of earlier turns, those that laws look back to: no part of what the domain is. */
  readonly lately: readonly DomainTurn[]
}

const decide = step(domainMachine)

const isWord = ({ type }: Action) =>
  type === "reply" || type === "stop" || type === "postpone" || type === "emit"

const isRemembered = ({ type }: Action) => type === "write" || type === "release"

/** A part that is being changed; `done` gives the next one. */
export class Draft {
  snapshot: DomainSnapshot
  readonly running: Map<string, Running>
  guest: Guest | undefined
  holds: string | undefined
  whimsLeft: number
  deathsLeft: number
  readonly answered: number[] = []
  readonly broken: string[] = []
  private postponed: readonly DomainMessage[]
  private readonly owed: Set<number>
  private lately: readonly DomainTurn[]

  constructor(part: Part) {
    this.snapshot = part.snapshot
    this.running = new Map(part.running)
    this.guest = part.guest
    this.holds = part.holds
    this.whimsLeft = part.whimsLeft
    this.deathsLeft = part.deathsLeft
    this.postponed = part.postponed
    this.owed = new Set(part.owed)
    this.lately = part.lately
  }

  get done(): Part {
    return {
      snapshot: this.snapshot,
      running: this.running,
      postponed: this.postponed,
      owed: [...this.owed].toSorted((a, b) => a - b),
      guest: this.guest,
      holds: this.holds,
      whimsLeft: this.whimsLeft,
      deathsLeft: this.deathsLeft,
      lately: this.lately
    }
  }

  get epoch(): string | undefined {
    return this.snapshot.context.epoch
  }

  change(key: string, to: Partial<Running>): void {
    const running = this.running.get(key)
    if (running !== undefined) this.running.set(key, { ...running, ...to })
  }

  /** The last word of a script. */
  last(key: string, message?: DomainMessage): void {
    this.running.delete(key)
    if (message !== undefined) this.serve(message, true)
  }

  serve(message: DomainMessage, isWordOfScript = false): void {
    const before = stateName(this.snapshot.value)
    this.turn(message, isWordOfScript)
    if (before === stateName(this.snapshot.value) || this.postponed.length === 0) return
    const again = this.postponed
    this.postponed = []
    for (const one of again) this.serve(one)
  }

  private turn(message: DomainMessage, isWordOfScript: boolean): void {
    const before = this.snapshot
    const { call, epoch } = message as { readonly call?: number; readonly epoch?: string }
    if (call === undefined && !isWordOfScript && epoch !== undefined && epoch !== this.epoch)
      return this.hold({ message, isWordOfScript, before, outcome: "stale", actions: [] })
    const { next, actions } = decide(before, message)
    const note = (outcome: Outcome) =>
      this.hold({ message, isWordOfScript, before, outcome, actions })
    if (actions.some((action) => action.type === "postpone")) {
      if (actions.length > 1 || next !== before) this.blame("a postponed message changes something")
      if (call === undefined) this.blame(`a fact is postponed: ${message.type}`)
      this.postponed = [...this.postponed, message]
      return note("postponed")
    }
    if (next === before && actions.length === 0) {
      if (call !== undefined) this.answered.push(call)
      return note("refused")
    }
    if (call !== undefined) this.owed.add(call)
    this.snapshot = next
    this.perform(actions)
    note("taken")
  }

  private perform(actions: readonly Action[]): void {
    for (const { type, params } of actions)
      if (type === "stop") this.stop((params as { readonly script: string }).script)
    for (const action of actions) if (!isWord(action)) this.start(action)
    for (const { type, params } of actions)
      if (type === "reply") this.reply((params as { readonly calls: readonly number[] }).calls)
  }

  /** What it has sent is carried out all the same, and nobody hears the answer. */
  private stop(script: string): void {
    this.running.delete(script)
    const { guest } = this
    if (guest === undefined) return
    const commands = guest.commands.map((command) =>
      command.asker === script ? { ...command, asker: undefined } : command
    )
    this.guest = { ...guest, commands }
  }

  private start(action: Action): void {
    const key = scriptKey(action)
    // Opens the ear: it is over on the stack of its start.
    if (action.type === "hear") return
    if (this.running.has(key)) this.blame(`${key} is started while it runs`)
    const { type: script, params } = action
    const fresh = { stage: 0, isWaiting: false, isRefused: false, status: "" }
    this.running.set(key, { script, params, ...fresh })
  }

  private reply(calls: readonly number[]): void {
    for (const call of calls) {
      if (!this.owed.delete(call)) this.blame(`call ${call} is answered and was not owed`)
      this.answered.push(call)
    }
  }

  private blame(what: string): void {
    this.broken.push(`${what}, in ${stateName(this.snapshot.value)}`)
  }

  /** The laws of the chart, which look at a turn, at what runs and at what was. */
  private hold(part: {
    readonly message: DomainMessage
    readonly isWordOfScript: boolean
    readonly before: DomainSnapshot
    readonly outcome: Outcome
    readonly actions: readonly Action[]
  }): void {
    const { message, isWordOfScript, before, outcome, actions } = part
    const after = this.snapshot
    const turn: DomainTurn = {
      before,
      message,
      isWord: isWordOfScript,
      outcome,
      after,
      actions
    }
    const turns = [...this.lately, turn]
    const rig = { scripts: this.running, name: stateName(after.value), turns }
    for (const law of domainLaws) {
      const wrong = law(turn, rig as unknown as Parameters<DomainLaw>[1])
      if (typeof wrong === "string") this.blame(`${message.type}: ${wrong}`)
    }
    if (!actions.some(isRemembered)) return
    const kinds = actions.filter(isRemembered).map(({ type }) => type)
    const others = this.lately.filter(
      (earlier) => !earlier.actions.some(({ type }) => kinds.includes(type))
    )
    this.lately = [...others, turn]
  }
}

export const definition = definitionOf({
  onPoweroff: "destroy",
  onReboot: "restart",
  onCrash: "destroy"
})

/** A domain that is defined and off. */
export const freshPart = (may: { readonly whims: number; readonly deaths: number }): Part => ({
  snapshot: initialStep(domainMachine, {
    uuid: "00000000-0000-4000-8000-000000000001",
    name: "web",
    persistent: definition
  }).next,
  running: new Map(),
  postponed: [],
  owed: [],
  guest: undefined,
  holds: undefined,
  whimsLeft: may.whims,
  deathsLeft: may.deaths,
  lately: []
})

/** Of a definition, requests change nothing but the title and the name. */
const isDefinition = (value: unknown): value is Domain =>
  typeof value === "object" && value !== null && "onPoweroff" in value

/** Of what does not change: made into text once. */
const texts = new WeakMap<object, string>()
const textOf = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return String(value)
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = JSON.stringify(value, (_, inner: unknown) =>
    isDefinition(inner) ? `defined as ${inner.name} ${inner.title}` : inner
  )
  texts.set(value, text)
  return text
}

/** Two parts with one key are one. */
export const keyOf = (part: Part): string => {
  const { snapshot, running, guest } = part
  const context = Object.values(snapshot.context).map(textOf).join("|")
  const scripts = [...running]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { params, stage, isWaiting, isRefused, status }]) =>
      [key, textOf(params), stage, isWaiting, isRefused, status].join()
    )
  return [
    stateName(snapshot.value),
    context,
    scripts.join("|"),
    part.postponed.map(textOf).join("|"),
    part.owed.join(),
    guest === undefined ? "" : textOf(guest),
    part.holds,
    part.whimsLeft,
    part.deathsLeft
  ].join("\n")
}
