/**
 * Opens the monitor of one epoch and binds what it tells to the domain: events with their epoch, in
 * order and with back-pressure, silence and end. Used by a start and by a recovery alike.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { DomainFact, QmpFact } from "../../machines/domain/context.ts"
import type { MonitorEvent } from "../../src/model/event.ts"
import type { RawEvent } from "../../src/qmp/event.ts"
import { formatJson } from "../../src/qmp/json.ts"
import { open, type MonitorListener } from "../monitor.ts"
import type { Belongings } from "./belongings.ts"
import { Ear } from "./ear.ts"
import type { DomainSelf, Identity, Needs } from "./needs.ts"
import { factsOf } from "./qmp-facts.ts"
import { Surroundings } from "./surroundings.ts"

/** A command that an agent was given and that has gone since is not waited for. */
const hangUp = (mine: Belongings<Needs>, fact: QmpFact): void => {
  if (fact.type === "qmpPort" && !fact.isOpen && fact.alias === mine.agentAlias)
    mine.agent?.portClosed()
}

interface Sink {
  readonly domain: Identity
  readonly epoch: string
  readonly ear: Ear<DomainFact>
  /** Whoever listens to QEMUs as they speak. */
  readonly tellRaw: (words: () => MonitorEvent) => void
}

const monitorEvent = ({ domain }: Sink, { name: event, data, at }: RawEvent): MonitorEvent => {
  const { uuid, name, id } = domain.now().context
  const details =
    Object.keys(data).length === 0 ? undefined : Result.getOrUndefined(formatJson(data))
  return { uuid, name, id, event, details, ...at }
}

/** Hands the facts of each event over, and remembers how far it came when there was no room. */
const eventSink = (sink: Sink, mine: Belongings<Needs>): MonitorListener["onEvent"] => {
  const { domain, epoch, ear } = sink
  let rest: readonly QmpFact[] = []
  return (event, raw) => {
    if (rest.length === 0) sink.tellRaw(() => monitorEvent(sink, raw))
    const { live } = domain.now().context
    const facts =
      rest.length > 0 ? rest : factsOf(event, live).map((fact) => ({ ...fact, epoch }) as QmpFact)
    const refused = facts.findIndex((fact) => !ear.hear(fact))
    rest = refused === -1 ? [] : facts.slice(refused)
    for (const fact of facts) hangUp(mine, fact)
    return refused === -1
  }
}

/** The ear of the epoch; one of a guest that lives already is open. */
export const earOf = (
  mine: Belongings<Needs>,
  self: DomainSelf,
  isOpen: boolean
): Ear<DomainFact> => {
  const owner = { offer: self.offer, whenRoom: self.whenRoom }
  mine.ear ??= new Ear<DomainFact>(owner, isOpen)
  return mine.ear
}

export const connect = Effect.fnUntraced(function* (
  domain: Identity,
  self: DomainSelf,
  epoch: string
) {
  const { kernel, qemuTold } = yield* Surroundings
  const mine = domain.belongings.of(epoch)
  const ear = earOf(mine, self, true)
  const monitor = yield* open({
    kernel,
    name: `monitor/${domain.uuid}/${epoch}`,
    path: mine.monitorPath,
    listener: {
      onEvent: eventSink({ domain, epoch, ear, tellRaw: qemuTold }, mine),
      whenRoom: (resume) => ear.whenRoom(resume),
      onSilent: () => self.tell({ type: "monitorSilent", epoch }),
      onHeard: () => self.tell({ type: "monitorHeard", epoch }),
      // Behind the events: a SHUTDOWN that is still waiting says why it ended.
      onEnd: (why) => ear.hear({ type: "monitorEnded", epoch, why })
    }
  })
  mine.monitor = monitor
  self.tell({ type: "monitorReady", epoch })
  return monitor
})
