/** I14: a job is there exactly as long as somebody's call works on it. */
import type { DomainSnapshot } from "../../../actors/domain/needs.ts"
import type { DriverContext } from "../../../machines/driver.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { domainTurn, lifeOf } from "./domain-turn.ts"

/** What a state of a region needs in the context, and has only there. */
const unbalanced = (snapshot: DomainSnapshot): string | undefined => {
  const { value, context } = snapshot
  const life = lifeOf(snapshot)
  // A guest may let a device go that nobody asks for any more.
  const mayBeNobodys = value.job === "parting"
  if ((value.job === "idle") !== (context.job === undefined) && !mayBeNobodys)
    return `job is ${value.job}, and its call is ${context.job?.call}`
  if ((value.power === "idle") !== (context.signal === undefined))
    return `power is ${value.power}, and its call is ${context.signal?.call}`
  if (context.starter !== undefined && life !== "starting" && life !== "stopping")
    return `${life} with the start of call ${context.starter.call} open`
  if (context.destroyers.length > 0 && life !== "stopping")
    return `${life} with ${context.destroyers.length} destroys open`
  return undefined
}

/** What nobody works on when nobody calls. */
const busy = (snapshot: DomainSnapshot): string | undefined => {
  const { value, context } = snapshot
  const life = lifeOf(snapshot)
  if (life === "starting") return "it is still starting"
  // Whether a QEMU that hangs has a device nobody knows before it answers or is dead.
  const isOpen = value.job === "attaching" && value.monitor !== "live"
  if (value.job !== "idle" && !isOpen) return `its job is ${value.job}`
  if (value.power !== "idle") return `its power is ${value.power}`
  return context.waiters.length > 0 ? "suspends or resumes wait" : undefined
}

class Jobs {
  private life: number | undefined
  private leases = 0
  private lane = ""

  saw(actor: string, to: string, { after, life }: { after: unknown; life: number | undefined }) {
    if (life !== this.life) this.leases = 0
    if (life !== this.life) this.lane = ""
    this.life = life
    if (actor === "start-lane") this.lane = to
    if (actor !== "driver") return
    const { context } = after as { readonly context: DriverContext }
    this.leases = Object.keys(context.leases).length
  }

  atRest({ life }: View): string | undefined {
    if (life?.number !== this.life) return undefined
    if (this.leases > 0) return `at rest ${this.leases} calls hold a lease`
    if (!["", "0 start, 0 wait"].includes(this.lane)) return `at rest in the lane: ${this.lane}`
    for (const { uuid, ref } of life?.driver?.parts()?.domains.all() ?? []) {
      const why = ref && busy(ref.actor.published)
      if (why !== undefined) return `at rest ${uuid}: ${why}`
    }
    return undefined
  }
}

export const jobBalanced: Invariant = {
  id: "I14",
  name: "JobBalanced",
  statement:
    "A change, a signal, a start, a destroy is under way exactly while a call of it is open; at " +
    "rest no job, no lease and no place in the start lane is taken.",
  make: () => {
    const jobs = new Jobs()
    return {
      decided: (turn, view) => {
        const { record, after } = turn
        jobs.saw(record.actor, record.to, { after, life: view.life?.number })
        const mine = record.outcome === "taken" ? domainTurn(turn) : undefined
        const why = mine && unbalanced(mine.after)
        return why && `${record.actor} after '${record.message}': ${why}`
      },
      rest: (view) => jobs.atRest(view)
    }
  }
}
