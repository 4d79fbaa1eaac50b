/** L10: what waits for a domain stays within its bound; a config that was read is in use. */
import { eventsLengthMax } from "../../../src/kernel/limits.ts"
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"

/** An actor's mailbox, as it is: no reader of the engine needs it. */
interface Inside {
  readonly desk: { readonly mailbox: { readonly length: (lane: "events") => number } }
}

const crowded = (view: View): string | undefined => {
  for (const { uuid, ref } of view.life?.driver?.parts()?.domains.all() ?? []) {
    if (ref === undefined) continue
    const { desk } = ref.actor as unknown as Inside
    const length = desk.mailbox.length("events")
    if (length > eventsLengthMax) return `${length} events wait for ${uuid}`
  }
  return undefined
}

export const withinBounds: Invariant = {
  id: "L10",
  name: "WithinBounds",
  statement:
    "At most as many events wait for a domain as its lane is to hold; a configuration that was " +
    "read whole is the one in use from that turn on.",
  make: () => ({
    step: (view, label) => (label.startsWith("domain/") ? crowded(view) : undefined),
    decided: ({ record, message, after }) => {
      if (record.actor !== "config" || message.type !== "loaded") return undefined
      const { snapshot } = message as { readonly snapshot?: unknown }
      const { context } = after as { readonly context: { readonly snapshot: unknown } }
      return record.outcome === "taken" && context.snapshot !== snapshot
        ? "a config was read, and is not the one in use"
        : undefined
    }
  })
}
