/**
 * L14: an engine that ends begins nothing: nobody enters, and no guest is started; those who listen
 * hear of every guest that ended before.
 */
import type { InspectionRecord, Turn } from "../../../src/kernel/inspection.ts"
import { domainTurn } from "../../../src/testing/invariants/domain-turn.ts"
import { eventOf } from "../../../src/testing/invariants/events.ts"
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"

const ending = new Set(["draining", "stopping", "stopped"])

/** The ends of guests that domains have told of, and of which the bus has heard. */
class Ends {
  private told = 0
  private heard = 0

  see(turn: Turn): undefined {
    const { record } = turn
    const mine = domainTurn(turn)
    const isEnd = mine?.before.context.epoch !== undefined && mine.after.context.epoch === undefined
    if (isEnd && record.outcome === "taken") this.told++
    const event = eventOf(turn)
    if (event?.type === "lifecycle" && event.event === "stopped") this.heard++
  }

  over({ actor, outcome }: InspectionRecord): string | undefined {
    if (actor !== "event-bus" || outcome !== "stopped") return undefined
    return this.told > this.heard
      ? `the bus ended, and ${this.told - this.heard} ends of guests were not told`
      : undefined
  }
}

export const nothingBegins: Invariant = {
  id: "L14",
  name: "NothingBegins",
  statement:
    "Once an engine is told to end nobody is let in any more, and once its calls are over no " +
    "guest is started, by itself neither; whoever listens hears of every guest that ended with it.",
  make: () => {
    let ends = new Ends()
    let life = 0
    const started = (turn: Turn, view: View): string | undefined => {
      const { record, message } = turn
      if (record.outcome !== "taken") return undefined
      if (record.actor === "driver" && message.type === "enter" && ending.has(record.from))
        return `a call entered while the engine was ${record.from}`
      const mine = domainTurn(turn)
      const isStart = mine?.message.type === "start" || mine?.message.type === "create"
      const phase = view.life?.driver?.phase() ?? ""
      return isStart && (phase === "stopping" || phase === "stopped")
        ? `${record.actor} was started while the engine was ${phase}`
        : undefined
    }
    return {
      decided: (turn, view) => {
        const now = view.life?.number ?? life
        if (now !== life) ends = new Ends()
        life = now
        return started(turn, view) ?? ends.see(turn)
      },
      turn: (record) => ends.over(record)
    }
  }
}
