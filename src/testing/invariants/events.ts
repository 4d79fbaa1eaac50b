/** The events that domains tell, as they come to the bus that hands them to every listener. */
import type { DomainEvent } from "../../model/event.ts"
import type { Turn } from "../../kernel/inspection.ts"

/** The event of a turn of the bus, which refuses it when nobody listens. */
export const eventOf = ({ record, message }: Turn): DomainEvent | undefined =>
  record.actor === "event-bus" && message.type === "happened"
    ? (message as unknown as { readonly event: DomainEvent }).event
    : undefined
