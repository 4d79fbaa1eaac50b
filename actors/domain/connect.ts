/**
 * Opens the monitor of one epoch and binds what it tells to the domain: events with their epoch, in
 * order and with back-pressure, silence and end. Used by a start and by a recovery alike.
 */
import * as Effect from "effect/Effect"
import type { QmpFact } from "../../machines/domain/context.ts"
import { open, type MonitorListener } from "../monitor.ts"
import type { DomainSelf, Identity } from "./needs.ts"
import { factsOf } from "./qmp-facts.ts"
import { Surroundings } from "./surroundings.ts"

/** Hands the facts of each event over, and remembers how far it came when there was no room. */
const eventSink = (self: DomainSelf, epoch: string): MonitorListener["onEvent"] => {
  let rest: readonly QmpFact[] = []
  return (event) => {
    const facts =
      rest.length > 0 ? rest : factsOf(event).map((fact) => ({ ...fact, epoch }) as QmpFact)
    const refused = facts.findIndex((fact) => !self.offer(fact))
    rest = refused === -1 ? [] : facts.slice(refused)
    return refused === -1
  }
}

export const connect = Effect.fnUntraced(function* (
  domain: Identity,
  self: DomainSelf,
  epoch: string
) {
  const { kernel } = yield* Surroundings
  const mine = domain.belongings.of(epoch)
  const monitor = yield* open({
    kernel,
    name: `monitor/${domain.uuid}/${epoch}`,
    path: mine.monitorPath,
    listener: {
      onEvent: eventSink(self, epoch),
      whenRoom: self.whenRoom,
      onSilent: () => self.tell({ type: "monitorSilent", epoch }),
      onHeard: () => self.tell({ type: "monitorHeard", epoch }),
      // Behind the events: a SHUTDOWN that is still waiting says why it ended.
      onEnd: (why) => self.offer({ type: "monitorEnded", epoch, why })
    }
  })
  mine.owe("monitor", monitor.close)
  mine.monitor = monitor
  self.tell({ type: "monitorReady", epoch })
  return monitor
})
