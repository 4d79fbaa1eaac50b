/** I32: a signal comes to the process that was meant, and to no other that has its pid now. */
import type { Sent } from "../host/processes.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { lifeOf } from "./domain-turn.ts"
import { guestOf } from "./living.ts"

/** States of a domain whose guest nobody has given up. */
const living = new Set(["running", "paused", "pmsuspended", "crashed", "rebooting"])

const mistaken = ({ pid, signal, words }: Sent, view: View): string | undefined => {
  const guest = guestOf(words)
  if (guest === undefined) {
    // Probes are QEMUs too, and nobody's guests.
    return /qemu/.test(words[0] ?? "")
      ? undefined
      : `${signal} came to process ${pid}, which is ${words[0]}`
  }
  const ref = view.life?.driver?.parts()?.domains.byUuid(guest.uuid)?.ref
  if (ref === undefined) return undefined
  const { published } = ref.actor
  const life = lifeOf(published)
  return published.context.epoch === guest.epoch && living.has(life)
    ? `${signal} came to process ${pid} of ${guest.uuid}/${guest.epoch}, which is ${life}`
    : undefined
}

export const pidIdentity: Invariant = {
  id: "I32",
  name: "PidIdentity",
  statement:
    "The engine signals only QEMUs: probes, and those of epochs that it ends or that are no " +
    "guest's; never one whose guest goes on, however often pids are used again.",
  make: () => {
    let seen = 0
    return {
      step: (view) => {
        const { sent } = view.host.processes
        for (; seen < sent.length; seen++) {
          const one = sent[seen]
          const why = one && mistaken(one, view)
          if (why !== undefined) return why
        }
        return undefined
      }
    }
  }
}
