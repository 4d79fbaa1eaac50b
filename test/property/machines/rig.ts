/**
 * A chart with the smallest kernel around it: one pure step per message, scripts that are only
 * names, calls that are only numbers. Plays what the kernel would play and writes down every law
 * of the kernel that the chart breaks. No clock, no fiber, no mailbox: what comes next is data.
 */
import type { AnyMachineSnapshot, AnyStateMachine, EventFrom, SnapshotFrom } from "xstate"
import { type Action, scriptKey } from "../../../src/kernel/behaviour.ts"
import { initialStep, stateName, step } from "../../../src/kernel/statechart.ts"

export interface Message {
  readonly type: string
  readonly call?: number
  readonly epoch?: string | undefined
}

/** Something that a running script may say. `undefined`: it ends without a word. */
export interface Word<M> {
  readonly message: M | undefined
  readonly isLast: boolean
  /** What it does to the world outside, where a test has one. */
  readonly deed?: () => void
}

export interface Running {
  readonly script: string
  readonly params: unknown
  /** What it has said so far, in order. */
  readonly said: readonly string[]
}

export type Outcome = "taken" | "refused" | "postponed" | "stale"

/** One turn, as the laws see it. */
export interface Turn<S, M> {
  readonly before: S
  readonly message: M
  /** A script's own word, and not a fact from outside. */
  readonly isWord: boolean
  readonly outcome: Outcome
  readonly after: S
  readonly actions: readonly Action[]
}

/** What is wrong with a turn, in a sentence; nothing, if it keeps the law. */
export type Law<S, M, Self> = (turn: Turn<S, M>, rig: Self) => string | undefined | false

export interface Play {
  readonly kind: "request" | "fact" | "word" | "chance"
  readonly which: number
}
export type Plays = readonly Play[]

/** What plays with one chart. */
export interface Cast<M, Self> {
  /** What a running script may say next. Empty: it runs until it is stopped. */
  readonly words: (running: Running, rig: Self) => readonly Word<M>[]
  /** What may be asked now; each becomes one call. */
  readonly requests: (call: number, rig: Self) => readonly M[]
  /** What the world may tell now. */
  readonly facts: (rig: Self) => readonly M[]
  /** What is on its way and comes sooner or later: rest waits for it. */
  readonly moves?: (rig: Self) => readonly (() => void)[]
  /** Scripts that end on the stack of their start. */
  readonly instant?: readonly string[]
  /** What may happen in the world outside, or not. */
  readonly chances?: (rig: Self) => readonly (() => void)[]
}

interface Rules<S, M, Self> {
  readonly laws?: readonly Law<S, M, Self>[]
  /** What the machine begins with. */
  readonly input?: unknown
}

const pick = <A>(from: readonly A[], which: number): A | undefined => from[which % from.length]

const nameOf = (state: unknown): string => stateName((state as AnyMachineSnapshot).value)

const isWord = ({ type }: Action) =>
  type === "reply" || type === "stop" || type === "postpone" || type === "emit"

/** Longer than any honest way to rest; a chart that takes longer goes round in a circle. */
const wordsUntilRestMax = 60

export class Rig<Machine extends AnyStateMachine> {
  state: SnapshotFrom<Machine>
  readonly scripts = new Map<string, Running>()
  /** Taken and not answered. */
  readonly owed = new Set<number>()
  readonly answers = new Map<number, unknown>()
  readonly emitted: unknown[] = []
  readonly broken: string[] = []
  readonly turns: Turn<SnapshotFrom<Machine>, EventFrom<Machine>>[] = []
  private postponed: readonly EventFrom<Machine>[] = []
  private calls = 0
  private readonly decide: ReturnType<typeof step<Machine>>
  private readonly cast: Cast<EventFrom<Machine>, Rig<Machine>>
  private readonly laws: readonly Law<SnapshotFrom<Machine>, EventFrom<Machine>, Rig<Machine>>[]

  constructor(
    machine: Machine,
    cast: Cast<EventFrom<Machine>, Rig<Machine>>,
    { laws = [], input }: Rules<SnapshotFrom<Machine>, EventFrom<Machine>, Rig<Machine>> = {}
  ) {
    this.decide = step(machine)
    this.cast = cast
    this.laws = laws
    const { next, actions } = initialStep(machine, input)
    this.state = next
    this.perform(actions)
  }

  get name(): string {
    return nameOf(this.state)
  }

  get postponedCalls(): readonly number[] {
    return this.postponed.map((message) => (message as Message).call ?? -1)
  }

  /** Nothing runs that will say anything, and nobody waits. */
  get waitingScripts(): readonly string[] {
    return [...this.scripts.values()]
      .filter((running) => this.cast.words(running, this).length > 0)
      .map(({ script }) => script)
  }

  play(plays: Plays): void {
    for (const one of plays) this.playOne(one)
  }

  /** Lets scripts speak until none will; what still waits then waits for ever. */
  rest(whiches: readonly number[]): void {
    for (let count = 0; this.waitingScripts.length + this.moves.length > 0; count++) {
      if (count >= wordsUntilRestMax) {
        this.blame(`no rest after ${count} words, in ${this.name}`)
        return
      }
      this.playOne({ kind: "word", which: whiches[count % whiches.length] ?? 0 })
    }
    for (const call of this.owed) this.blame(`call ${call} is never answered, in ${this.name}`)
    for (const call of this.postponedCalls)
      this.blame(`call ${call} is held for ever: ${this.name}`)
  }

  /** A request, a fact or a word: the kernel's turn. */
  serve(message: EventFrom<Machine>, isWordOfScript = false): Outcome {
    const before = this.state
    const outcome = this.turn(message, isWordOfScript)
    const moved = nameOf(before) !== this.name
    if (moved && this.postponed.length > 0) {
      const again = this.postponed
      this.postponed = []
      for (const one of again) this.serve(one)
    }
    return outcome
  }

  /** The last word of a script, if it runs. */
  hearFrom(key: string, message: EventFrom<Machine>): void {
    if (this.scripts.delete(key)) this.serve(message, true)
  }

  blame(what: string): void {
    this.broken.push(what)
  }

  private get moves(): readonly (() => void)[] {
    return this.cast.moves?.(this) ?? []
  }

  private playOne({ kind, which }: Play): void {
    if (kind === "chance") return pick(this.cast.chances?.(this) ?? [], which)?.()
    if (kind === "request") {
      const message = pick(this.cast.requests(this.calls + 1, this), which)
      if (message === undefined) return
      this.calls++
      this.serve(message)
      return
    }
    if (kind === "fact") {
      const message = pick(this.cast.facts(this), which)
      if (message !== undefined) this.serve(message)
      return
    }
    const said = [...this.scripts].flatMap(([key, running]) =>
      this.cast.words(running, this).map((word) => () => this.say(key, running, word))
    )
    pick([...this.moves, ...said], which)?.()
  }

  private say(key: string, running: Running, word: Word<EventFrom<Machine>>): void {
    word.deed?.()
    if (word.isLast) this.scripts.delete(key)
    else {
      const said = [...running.said, (word.message as Message | undefined)?.type ?? "deed"]
      this.scripts.set(key, { ...running, said })
    }
    if (word.message !== undefined) this.serve(word.message, word.isLast)
  }

  private turn(message: EventFrom<Machine>, isWordOfScript: boolean): Outcome {
    const before = this.state
    const { type, epoch, call } = message as Message
    const note = (outcome: Outcome, actions: readonly Action[] = []) => {
      const turn = { before, message, isWord: isWordOfScript, outcome, after: this.state, actions }
      this.turns.push(turn)
      for (const law of this.laws) {
        const wrong = law(turn, this)
        if (typeof wrong === "string") this.blame(`${type} in ${nameOf(before)}: ${wrong}`)
      }
      return outcome
    }
    const own = ((before as AnyMachineSnapshot).context as { readonly epoch?: string }).epoch
    if (call === undefined && !isWordOfScript && epoch !== undefined && epoch !== own)
      return note("stale")
    const { next, actions } = this.decide(before, message)
    if (actions.some((action) => action.type === "postpone")) {
      if (actions.length > 1 || next !== before) this.blame("a postponed message changes something")
      if (call === undefined) this.blame(`a fact is postponed: ${type}`)
      this.postponed = [...this.postponed, message]
      return note("postponed")
    }
    if (next === before && actions.length === 0) {
      if (call !== undefined) this.answers.set(call, "refused")
      return note("refused")
    }
    if (call !== undefined) this.owed.add(call)
    this.state = next
    this.perform(actions)
    return note("taken", actions)
  }

  /** In the kernel's order: stops, starts, then replies. */
  private perform(actions: readonly Action[]): void {
    const started: string[] = []
    for (const action of actions) {
      if (action.type === "stop") {
        const { script } = action.params as { readonly script: string }
        if (started.includes(script)) this.blame(`${script} is started and left in one step`)
        this.scripts.delete(script)
      } else if (!isWord(action)) started.push(scriptKey(action))
    }
    for (const action of actions) if (!isWord(action)) this.start(action)
    for (const action of actions)
      if (action.type === "emit") this.emitted.push((action.params as { event: unknown }).event)
    for (const action of actions) if (action.type === "reply") this.reply(action.params as never)
  }

  private start(action: Action): void {
    const key = scriptKey(action)
    if (this.cast.instant?.includes(action.type) === true) return
    if (this.scripts.has(key)) this.blame(`${key} is started while it runs, in ${this.name}`)
    this.scripts.set(key, { script: action.type, params: action.params, said: [] })
  }

  private reply(params: { readonly calls: readonly number[]; readonly answer: unknown }): void {
    for (const call of params.calls) {
      if (!this.owed.delete(call)) this.blame(`call ${call} is answered and was not owed`)
      if (this.answers.has(call)) this.blame(`call ${call} is answered twice`)
      this.answers.set(call, params.answer)
    }
  }
}
