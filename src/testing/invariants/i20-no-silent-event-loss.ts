/** I20: a listener hears everything, in order, or how much it has missed. */
import type { DomainEvent } from "../../model/event.ts"
import type { Turn } from "../../kernel/inspection.ts"
import type { EventSeen } from "../history/operation.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { domainTurn } from "./domain-turn.ts"
import { eventOf } from "./events.ts"

interface Told {
  readonly uuid: string
  readonly type: string
  readonly detail: string | undefined
}

const toldOf = (event: DomainEvent): Told => {
  const { uuid } = event
  return event.type === "lifecycle"
    ? { uuid, type: event.event, detail: event.detail }
    : { uuid, type: event.type, detail: undefined }
}

const isSame = (told: Told, heard: EventSeen): boolean =>
  told.uuid === heard.uuid && told.type === heard.type && told.detail === heard.detail

/** What a domain's turn tells: a change that nobody is told of is emitted too, as nothing. */
const toldBy = (turn: Turn): number => {
  const emits = turn.record.actions.filter((action) => action === "emit").length
  const mine = emits === 0 ? undefined : domainTurn(turn)
  const { job, persistent } = mine?.before.context ?? {}
  if (mine?.message.type !== "written" && mine?.message.type !== "unregistered") return emits
  const change = job?.change.type
  const isMute = change === "autostart" || (change === "undefine" && persistent === undefined)
  return isMute ? emits - 1 : emits
}

/** One engine's events: as domains told them, as the bus had them, as the listener heard them. */
class Channel {
  private life = 0
  private emitted = 0
  private handled = 0
  private isListening = false
  private told: Told[] = []
  private heard = 0
  private read = 0

  see(turn: Turn, view: View): string | undefined {
    this.begin(view.life?.number ?? 0)
    const { record, message } = turn
    if (record.outcome === "taken" && record.actor.startsWith("domain/"))
      this.emitted += toldBy(turn)
    if (record.actor !== "event-bus") return undefined
    if (message.type === "listen") this.isListening = true
    const event = eventOf(turn)
    if (event === undefined) return undefined
    this.handled++
    if (this.isListening) this.told.push(toldOf(event))
    return this.compare(view)
  }

  atRest(view: View): string | undefined {
    if (view.life?.number !== this.life) return undefined
    const why = this.compare(view)
    if (why !== undefined) return why
    if (this.emitted !== this.handled)
      return `domains told ${this.emitted} events, and ${this.handled} came to the bus`
    const missed = this.told[this.heard]
    return missed && `at rest nobody has heard of '${missed.type}' of ${missed.uuid}`
  }

  private begin(life: number): void {
    if (life === this.life) return
    this.life = life
    this.emitted = this.handled = this.heard = 0
    this.isListening = false
    this.told = []
  }

  /** What was heard since, against what was told. */
  private compare({ history }: View): string | undefined {
    for (; this.read < history.events.length; this.read++) {
      const event = history.events[this.read]
      if (event === undefined || event.life !== this.life) continue
      if (event.type === "gap") {
        this.heard += Number(event.detail)
        continue
      }
      const told = this.told[this.heard++]
      if (told === undefined || !isSame(told, event))
        return `a listener heard '${event.type}' of ${event.uuid} where '${told?.type}' was told`
    }
    return undefined
  }
}

export const noSilentEventLoss: Invariant = {
  id: "I20",
  name: "NoSilentEventLoss",
  statement:
    "What a domain tells comes to the bus once, and from there to each listener in the same " +
    "order, or in its place a gap that says how many are missing.",
  make: () => {
    const channel = new Channel()
    return {
      decided: (turn, view) => channel.see(turn, view),
      rest: (view) => channel.atRest(view)
    }
  }
}
