/**
 * Makes a plan that breaks a law smaller while it still breaks it: first fewer faults, clients and
 * calls, then no more options than it needs, then the order of delivery, choice by choice. The same
 * plan shrinks to the same plan; no more runs are made than are allowed.
 */
import type { ClientStep, Plan, Schedule } from "./plan.ts"
import { runPlan } from "./simulation.ts"

export interface ShrinkOptions {
  /** How many runs may be spent. */
  readonly runsMax?: number
  /** Orders of delivery that are tried for a smaller plan which the present one spares. */
  readonly seedsTried?: number
  /** What a run of the plan chose, as `Report.choices`: a listed schedule. */
  readonly choicesOf?: (plan: Plan) => readonly number[]
}

export const shrinkDefaults = { runsMax: 800, seedsTried: 2 } as const

/** `violates`: does this plan still break the law that is meant? It is asked of smaller plans. */
export const shrinkPlan = (
  plan: Plan,
  violates: (plan: Plan) => boolean,
  options: ShrinkOptions = {}
): Plan => new Shrinking(plan, violates, options).run()

interface Placed {
  readonly client: number
  readonly step: ClientStep
}

class Shrinking {
  private best: Plan
  private readonly violates: (plan: Plan) => boolean
  private readonly options: Required<ShrinkOptions>
  private runs = 0

  constructor(plan: Plan, violates: (plan: Plan) => boolean, options: ShrinkOptions) {
    this.best = plan
    this.violates = violates
    this.options = {
      ...shrinkDefaults,
      choicesOf: (of) => runPlan(of).choices,
      ...options
    }
  }

  run(): Plan {
    this.schedule()
    for (let size = Number.POSITIVE_INFINITY; sizeOf(this.best) < size && this.isAllowed; ) {
      size = sizeOf(this.best)
      this.structure()
    }
    this.list()
    this.choices()
    this.structure()
    this.choices()
    return this.best
  }

  private get isAllowed(): boolean {
    return this.runs < this.options.runsMax
  }

  /** Takes a smaller plan if it breaks the law, in this or in another order of delivery. */
  private take(candidate: Plan): boolean {
    for (const tried of this.variants(candidate)) {
      if (!this.isAllowed) return false
      this.runs++
      if (!this.violates(tried)) continue
      this.best = tried
      return true
    }
    return false
  }

  /**
   * Less is done, so what went wrong at the n-th occurrence has to go wrong earlier; and an order
   * of delivery drawn for more is a random one for less, so others are as good.
   */
  private variants(candidate: Plan): readonly Plan[] {
    const { schedule, faults } = candidate
    const share = placed(candidate).length / Math.max(1, placed(this.best).length)
    const earlier = faults.map((line) => ({ ...line, nth: Math.round(line.nth * share) }))
    const isMoved = share < 1 && faults.some(({ nth }) => nth > 0)
    return this.orders(schedule).flatMap((order) => {
      const same = { ...candidate, schedule: order }
      return isMoved ? [same, { ...same, faults: earlier }] : [same]
    })
  }

  private orders(schedule: Schedule): readonly Schedule[] {
    if (schedule.kind === "listed" || schedule.kind === "fifo") return [schedule]
    const others = Array.from({ length: this.options.seedsTried }, (_, seed) => ({
      kind: schedule.kind,
      seed
    }))
    return [schedule, ...others]
  }

  /** First come, first served is the simplest order of all. */
  private schedule(): void {
    if (this.best.schedule.kind === "listed" && this.best.schedule.choices.length === 0) return
    this.take({ ...this.best, schedule: { kind: "fifo", seed: 0 } })
  }

  private structure(): void {
    this.fewer(this.best.faults, (faults) => ({ ...this.best, faults }))
    this.fewer(this.best.clients, (clients) => ({ ...this.best, clients }))
    this.fewer(placed(this.best), (steps) => ({ ...this.best, clients: clientsOf(steps) }))
    this.plainer()
    for (const smaller of withFewerDomains(this.best)) if (this.take(smaller)) break
    this.bare()
    this.fewer(this.best.faults, (faults) => ({ ...this.best, faults }))
  }

  /** Options that say nothing are left out. */
  private bare(): void {
    for (const key of [
      "isEmpty",
      "mayTimePass",
      "lagMsMax",
      "pidMax",
      "listenerMs",
      "startConcurrency"
    ] as const) {
      const { [key]: value, ...rest } = this.best
      if (value !== undefined) this.take(rest)
    }
  }

  /** Each call without its extras. */
  private plainer(): void {
    placed(this.best).forEach(({ step }, at) => {
      for (const key of extras) {
        if (!(key in step)) continue
        const steps = placed(this.best)
        const present = steps[at]
        if (present === undefined) continue
        const { [key]: _, ...rest } = present.step as Record<string, unknown>
        const plain = { ...present, step: rest as unknown as ClientStep }
        this.take({ ...this.best, clients: clientsOf(steps.with(at, plain)) })
      }
    })
  }

  /** Delta debugging (Zeller): takes out halves, quarters and so on down to single ones. */
  private fewer<A>(items: readonly A[], make: (items: readonly A[]) => Plan): void {
    let left = items
    for (let size = Math.max(1, left.length); size >= 1 && left.length > 0; ) {
      for (let at = 0; at < left.length; ) {
        const rest = left.toSpliced(at, size)
        if (this.take(make(rest))) left = rest
        else at += size
      }
      if (size === 1) return
      size = Math.ceil(size / 2)
    }
  }

  /** From a strategy to the choices that it made. */
  private list(): void {
    if (this.best.schedule.kind === "listed" || this.best.schedule.kind === "fifo") return
    const choices = this.options.choicesOf(this.best)
    this.take({ ...this.best, schedule: { kind: "listed", choices: trimmed(choices) } })
  }

  /** As few choices as can be that are not the first of those that wait. */
  private choices(): void {
    if (this.best.schedule.kind !== "listed") return
    this.shorter()
    const { length } = this.present()
    for (let size = Math.max(1, length >> 1); size >= 1 && this.isAllowed; size >>= 1)
      for (let at = 0; at < this.present().length && this.isAllowed; at += size) this.zero(at, size)
    this.lower()
  }

  private present(): readonly number[] {
    return this.best.schedule.kind === "listed" ? this.best.schedule.choices : []
  }

  private takeChoices(choices: readonly number[]): boolean {
    return this.take({ ...this.best, schedule: { kind: "listed", choices: trimmed(choices) } })
  }

  /** The shortest beginning that is enough, if a longer one always is too. */
  private shorter(): void {
    const whole = this.present()
    let [tooShort, enough] = [-1, whole.length]
    while (enough - tooShort > 1 && this.isAllowed) {
      const middle = (tooShort + enough) >> 1
      if (this.takeChoices(whole.slice(0, middle))) enough = middle
      else tooShort = middle
    }
  }

  private zero(at: number, size: number): void {
    const present = this.present()
    if (present.slice(at, at + size).every((choice) => choice === 0)) return
    this.takeChoices(
      present.map((choice, index) => (index >= at && index < at + size ? 0 : choice))
    )
  }

  private lower(): void {
    for (let at = 0; at < this.present().length && this.isAllowed; at++) {
      const choice = this.present()[at] ?? 0
      if (choice > 1 && !this.takeChoices(this.present().with(at, 1)))
        this.takeChoices(this.present().with(at, choice >> 1))
    }
  }
}

const extras = ["afterMs", "as", "isPaused", "autoDestroy", "isGraceful", "mode"] as const

const placed = ({ clients }: Plan): readonly Placed[] =>
  clients.flatMap((steps, client) => steps.map((step) => ({ client, step })))

/** Clients without a call are left out; the others keep their order. */
const clientsOf = (steps: readonly Placed[]): Plan["clients"] =>
  [...Map.groupBy(steps, ({ client }) => client).values()].map((mine) =>
    mine.map(({ step }) => step)
  )

/** Slots that a call is about, or wants the name of. */
const slotKeys = ["domain", "to", "as"] as const

/** The same plan about the first slots there are, with one domain, two, and so on. */
const withFewerDomains = (plan: Plan): readonly Plan[] => {
  const steps = placed(plan).map(({ step }) => step as Partial<Record<string, unknown>>)
  const used = steps.flatMap((step) => slotKeys.map((key) => step[key]))
  const slots = [...new Set(used.filter((slot) => typeof slot === "number"))].toSorted(byNumber)
  const isCompact = slots.every((slot, at) => slot === at)
  const compact = { ...plan, clients: plan.clients.map((mine) => mine.map(renamed(slots))) }
  const fewer = Array.from({ length: plan.domains - 1 }, (_, less) => less + 1)
  return [
    ...(isCompact ? [] : fewer.map((domains) => ({ ...compact, domains }))),
    ...(isCompact ? [] : [compact]),
    ...fewer.map((domains) => ({ ...plan, domains }))
  ]
}

const byNumber = (one: number, other: number): number => one - other

const renamed =
  (slots: readonly number[]) =>
  (step: ClientStep): ClientStep =>
    Object.fromEntries(
      Object.entries(step).map(([key, value]) => [
        key,
        slotKeys.some((slot) => slot === key) ? slots.indexOf(value as number) : value
      ])
    ) as unknown as ClientStep

/** How much there is to read. */
const sizeOf = (plan: Plan): number =>
  plan.clients.length + placed(plan).length + plan.faults.length + plan.domains

/** Past the end the first is served anyway. */
const trimmed = (choices: readonly number[]): readonly number[] =>
  choices.slice(0, choices.findLastIndex((choice) => choice !== 0) + 1)
