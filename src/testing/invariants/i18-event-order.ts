/** I18: the events of one domain tell a story that can have happened, each chapter once. */
import type { DomainEvent } from "../../model/event.ts"
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant } from "../simulation/view.ts"
import { type DomainTurn, domainTurn } from "./domain-turn.ts"
import { eventOf } from "./events.ts"

interface Story {
  /** `undefined` at the beginning of an engine: what it takes over has a past. */
  isOn: boolean | undefined
  /** Starts that were begun and of which nothing was told. */
  attempts: number
  /** The last word on whether the guest runs. */
  pace: "suspended" | "resumed" | undefined
}

/** How an event changes the story; the text is why it cannot. */
const told = (story: Story, event: string, detail: string): string | undefined => {
  switch (event) {
    case "started":
      if (detail === "wakeup") return story.isOn === false ? "wakes up and is off" : undefined
      if (story.isOn === true) return "has started and was on"
      if (story.attempts === 0) return "has started, and nobody began a start"
      Object.assign(story, { isOn: true, attempts: story.attempts - 1, pace: undefined })
      return undefined
    case "stopped":
      if (story.isOn === false && story.attempts === 0) return "has stopped and was off"
      if (story.isOn === false) story.attempts--
      Object.assign(story, { isOn: false, pace: undefined })
      return undefined
    case "suspended":
    case "resumed":
      if (story.pace === event) return `is ${event} twice in a row`
      story.pace = event
      return story.isOn === false ? `is ${event} and was off` : undefined
    case "pmsuspended":
    case "shutdown":
    case "crashed":
      story.pace = undefined
      return story.isOn === false ? `has '${event}' and was off` : undefined
    default:
      return undefined
  }
}

class Stories {
  private life: number | undefined
  private readonly stories = new Map<string, Story>()

  turn(turn: Turn, life: number | undefined): string | undefined {
    if (life !== this.life) this.stories.clear()
    this.life = life
    const { record } = turn
    if (record.actor === "driver" && record.to === "restarting") this.stories.clear()
    const mine = domainTurn(turn)
    if (mine !== undefined) return this.look(mine)
    const event = eventOf(turn)
    return event === undefined ? undefined : this.tell(event)
  }

  private of(uuid: string): Story {
    const there = this.stories.get(uuid)
    if (there !== undefined) return there
    const story: Story = { isOn: undefined, attempts: 0, pace: undefined }
    this.stories.set(uuid, story)
    return story
  }

  private look({ uuid, message, record }: DomainTurn): undefined {
    if (record.outcome !== "taken") return
    const story = this.of(uuid)
    if (message.type === "start" || message.type === "create") story.attempts++
    if (message.type === "adopt") story.isOn = undefined
    // QEMU was asked how the guest is, and nobody was told of what had happened meanwhile.
    if (message.type === "reattached" || message.type === "adopt") story.pace = undefined
  }

  private tell(event: DomainEvent): string | undefined {
    if (event.type !== "lifecycle") return undefined
    const why = told(this.of(event.uuid), event.event, event.detail)
    return why && `${event.uuid} ${why} (${event.event}/${event.detail})`
  }
}

export const eventOrder: Invariant = {
  id: "I18",
  name: "EventOrder",
  statement:
    "A domain starts when it was off and stops when it was on, once each; it is suspended and " +
    "resumed in turn; what QEMU says twice is told once.",
  make: () => {
    const stories = new Stories()
    return { decided: (turn, view) => stories.turn(turn, view.life?.number) }
  }
}
