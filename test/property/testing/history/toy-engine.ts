/**
 * A toy engine that does one thing at a time, and clients of it whose calls overlap: histories that
 * are linearizable because they were made so. Written apart from the model, and simpler.
 */
import fc from "fast-check"
import { type ApiCall, type Slot, slotUuid } from "../../../../src/testing/history/api-call.ts"
import type {
  Happening,
  History,
  Operation,
  OperationResult,
  OperationValue
} from "../../../../src/testing/history/operation.ts"

interface Toy {
  name: Slot
  persistent: number | undefined
  live: number | undefined
  isAutostart: boolean
  life: "off" | "starting" | "running" | "paused" | "stopping"
  guest: number
}

const ok = (value?: OperationValue): OperationResult => ({ kind: "ok", value })
const error = (tag: string): OperationResult => ({ kind: "error", tag, message: `a ${tag}` })
const notFound = error("DomainNotFound")
const denied = error("RequestDenied")

type Work = Generator<undefined, OperationResult>
type Of<C extends ApiCall["call"]> = Extract<ApiCall, { readonly call: C }>

export class ToyEngine implements History {
  readonly operations: Operation[] = []
  readonly happenings: Happening[] = []
  readonly events = []
  private readonly domains = new Map<Slot, Toy>()
  private tick = 0
  private guests = 0
  private life = 1

  domain(slot: Slot): Toy | undefined {
    return this.domains.get(slot)
  }

  get slots(): readonly Slot[] {
    return [...this.domains.keys()]
  }

  happened(kind: Happening["kind"], slot?: Slot): void {
    const uuid = slot === undefined ? undefined : slotUuid(slot)
    const at = ++this.tick
    const { life } = this
    this.happenings.push({ kind, uuid, at, atMs: at, epoch: undefined, pid: undefined, life })
  }

  /** Begins a call; each step of what it gives is one of its moments, the last its answer. */
  *call(client: number, call: ApiCall): Generator<undefined, void> {
    const id = this.operations.length
    const invokedAt = ++this.tick
    const open: Operation = {
      id,
      client,
      life: this.life,
      call,
      invokedAt,
      endedAt: undefined,
      invokedAtMs: invokedAt,
      endedAtMs: undefined,
      result: undefined
    }
    this.operations.push(open)
    yield
    const result = yield* this.perform(call)
    yield
    const endedAt = ++this.tick
    this.operations[id] = { ...open, endedAt, endedAtMs: endedAt, result }
  }

  /** All of a call at once. */
  whole(call: ApiCall): OperationResult | undefined {
    for (const _ of this.call(99, call));
    return this.operations.at(-1)?.result
  }

  /** Whoever drives the calls drops those under way. */
  kill(): void {
    this.happened("engine-killed")
    this.life++
    for (const [slot, toy] of this.domains)
      if (toy.life === "starting" || toy.life === "stopping") this.end(slot, toy)
    this.happened("engine-opened")
  }

  /** The guest powers off by itself, and the engine hears of it when it does. */
  *powerOff(slot: Slot): Generator<undefined, void> {
    const toy = this.domains.get(slot)
    if (toy === undefined || (toy.life !== "running" && toy.life !== "paused")) return
    const { guest } = toy
    this.happened("qemu-shutdown", slot)
    toy.life = "stopping"
    yield
    if (toy.guest === guest) this.end(slot, toy)
  }

  private end(slot: Slot, toy: Toy): void {
    this.happened("qemu-exited", slot)
    toy.life = "off"
    toy.live = undefined
    toy.guest = 0
    if (toy.persistent === undefined) this.domains.delete(slot)
  }

  private isTaken(name: Slot, slot: Slot): boolean {
    return [...this.domains].some(([other, toy]) => other !== slot && toy.name === name)
  }

  private *perform(call: ApiCall): Work {
    switch (call.call) {
      case "define":
        return this.define(call)
      case "create":
        return yield* this.create(call)
      case "list":
        return ok({ domains: this.slots.map((slot) => this.row(slot)) })
      case "attachDevice":
      case "detachDevice":
      case "nodeDetach":
      case "nodeReattach":
      case "nodeReset":
      case "reloadConfig":
        return ok()
      default: {
        const toy = this.domains.get(call.domain)
        return toy === undefined ? notFound : yield* this.performOn(toy, call)
      }
    }
  }

  private row(slot: Slot) {
    const { name, persistent, isAutostart, life } = this.domains.get(slot) ?? missing()
    const state = life === "starting" || life === "off" ? "shutoff" : life
    return {
      uuid: slotUuid(slot),
      name: `d${name}`,
      state: state === "stopping" ? "shutdown" : state,
      isPersistent: persistent !== undefined,
      isAutostart
    }
  }

  private define({ domain, version, as: name = domain }: Of<"define">): OperationResult {
    const toy = this.domains.get(domain)
    if (this.isTaken(name, domain)) return error("DomainExists")
    if (toy === undefined) {
      const fresh = { live: undefined, isAutostart: false, life: "off", guest: 0 } as const
      this.domains.set(domain, { ...fresh, name, persistent: version })
      return ok()
    }
    if (toy.name !== name) return error("DomainExists")
    if (toy.life === "starting") return error("MailboxFull")
    toy.persistent = version
    return ok()
  }

  private *create({ domain, version, as: name = domain, isPaused }: Of<"create">): Work {
    const found = this.domains.get(domain)
    if (this.isTaken(name, domain)) return error("DomainExists")
    if (found !== undefined && found.name !== name) return error("DomainExists")
    if (found !== undefined && found.life !== "off") return denied
    const toy = found ?? {
      name,
      persistent: undefined,
      live: undefined,
      isAutostart: false,
      life: "off",
      guest: 0
    }
    this.domains.set(domain, toy)
    toy.live = version
    return yield* this.bring(domain, toy, isPaused === true)
  }

  private *bring(slot: Slot, toy: Toy, isPaused: boolean): Work {
    const guest = ++this.guests
    toy.guest = guest
    toy.life = "starting"
    yield
    if (toy.guest === guest && toy.life === "starting") {
      this.happened("qemu-started", slot)
      yield
    }
    if (toy.guest === guest && toy.life === "starting") {
      if (!isPaused) this.happened("qemu-running", slot)
      toy.life = isPaused ? "paused" : "running"
      return ok({ id: guest })
    }
    while (toy.guest === guest) yield
    return error("StartFailed")
  }

  private *performOn(toy: Toy, call: Exclude<ApiCall, Of<"define" | "create" | "list">>): Work {
    switch (call.call) {
      case "start":
        if (toy.life !== "off" || toy.persistent === undefined) return denied
        toy.live = toy.persistent
        return yield* this.bring(call.domain, toy, call.isPaused === true)
      case "destroy":
        return yield* this.destroy(call.domain, toy)
      case "suspend":
      case "resume":
        return yield* this.turn(toy, call.domain, call.call === "suspend")
      case "undefine":
        if (toy.persistent === undefined) return error("OperationFailed")
        if (toy.life === "starting") return error("Overdue")
        toy.persistent = undefined
        toy.isAutostart = false
        if (toy.life === "off") this.domains.delete(call.domain)
        return ok()
      case "rename":
        if (toy.persistent === undefined || toy.life !== "off") return error("OperationFailed")
        if (toy.name === call.to || this.isTaken(call.to, call.domain)) return error("DomainExists")
        toy.name = call.to
        return ok()
      case "setAutostart":
        if (toy.persistent === undefined) return error("OperationFailed")
        if (toy.life === "starting") return error("Overdue")
        toy.isAutostart = call.isAutostart
        return ok()
      case "setTitle":
        if (toy.life === "starting") return error("Overdue")
        if (toy.life === "off") toy.persistent = call.version
        else toy.live = call.version
        return ok()
      case "info":
        return ok(this.row(call.domain))
      case "xml":
        return ok({ version: toy.live ?? toy.persistent ?? missing() })
      case "lookup":
        return ok({ name: `d${toy.name}` })
      default:
        return toy.life === "running" || toy.life === "paused" ? ok() : denied
    }
  }

  private *destroy(slot: Slot, toy: Toy): Work {
    if (toy.life === "off") return denied
    const { guest } = toy
    toy.life = "stopping"
    yield
    if (toy.guest === guest) this.end(slot, toy)
    return ok()
  }

  private *turn(toy: Toy, domain: Slot, isPause: boolean): Work {
    while (toy.life === "starting") yield
    if (isPause) {
      if (toy.life === "running") {
        this.happened("qemu-stopped", domain)
        toy.life = "paused"
      }
      return toy.life === "paused" ? ok() : denied
    }
    if (toy.life !== "paused") return denied
    this.happened("qemu-running", domain)
    toy.life = "running"
    return ok()
  }
}

const missing = (): never => {
  throw new Error("a domain that is there has all of this")
}

const slot = (slots: number) => fc.nat({ max: slots - 1 })

const callOf = (slots: number): fc.Arbitrary<ApiCall> => {
  const domain = slot(slots)
  const version = fc.constant(0)
  const one = <C extends string>(call: C) => fc.record({ call: fc.constant(call), domain })
  return fc.oneof(
    fc.record({ call: fc.constant("define" as const), domain, version }),
    fc.record({ call: fc.constant("define" as const), domain, version, as: domain }),
    fc.record({ call: fc.constant("create" as const), domain, version }),
    fc.record({ call: fc.constant("start" as const), domain, isPaused: fc.boolean() }),
    one("destroy"),
    one("suspend"),
    one("resume"),
    one("undefine"),
    one("info"),
    one("xml"),
    one("lookup"),
    fc.record({ call: fc.constant("setTitle" as const), domain, version }),
    fc.record({
      call: fc.constant("setAutostart" as const),
      domain,
      isAutostart: fc.boolean()
    }),
    fc.record({ call: fc.constant("rename" as const), domain, to: domain }),
    fc.constant({ call: "list" as const })
  ) as fc.Arbitrary<ApiCall>
}

export interface ToyRun {
  readonly calls: readonly ApiCall[]
  readonly clients: number
  readonly choices: readonly number[]
  readonly isKilled: boolean
}

export const toyRun = (size: {
  readonly slots: number
  readonly calls: number
  readonly isKilled: boolean
}): fc.Arbitrary<ToyRun> =>
  fc.record({
    calls: fc.array(callOf(size.slots), { maxLength: size.calls, size: "max" }),
    clients: fc.integer({ min: 2, max: 5 }),
    choices: fc.array(fc.nat({ max: 999 }), { minLength: 50, maxLength: 400, size: "max" }),
    isKilled: fc.constant(size.isKilled)
  })

/** Every slot defined; then the calls, each by the client that is free, as the choices say. */
export const play = ({ calls, clients, choices, isKilled }: ToyRun, slots: number): ToyEngine => {
  const engine = new ToyEngine()
  for (let domain = 0; domain < slots; domain++)
    engine.whole({ call: "define", domain, version: domain + 1 })
  const waiting = calls.map((call, index) => ("version" in call ? versioned(call, index) : call))
  let busy: Generator<undefined, void>[] = []
  for (let step = 0; waiting.length > 0 || busy.length > 0; step++) {
    const choice = choices[step % choices.length] ?? 0
    if (isKilled && choice % 97 === 5) {
      engine.kill()
      busy = []
    }
    if (choice % 29 === 3) busy.push(engine.powerOff(choice % slots))
    const isNew = waiting.length > 0 && (busy.length === 0 || choice % (clients + 1) === clients)
    if (isNew && busy.length < clients) {
      const call = waiting.shift()
      if (call !== undefined) busy.push(engine.call(step, call))
    }
    const at = choice % Math.max(1, busy.length)
    if (busy[at]?.next().done === true) busy.splice(at, 1)
  }
  return engine
}

/** Unique, and different from those of the definitions in the beginning. */
const versioned = <C extends ApiCall>(call: C, index: number): C => ({
  ...call,
  version: 100 + index
})
