/** I04: what belongs to one start of a domain does nothing to another. */
import type { Invariant, View } from "../simulation/view.ts"
import { type DomainTurn, domainTurn } from "./domain-turn.ts"

const generationOf = (epoch: string): number => Number(epoch.split(".")[0])

class Fence {
  /** Every epoch that any engine has begun or taken over, and whose it is. */
  private readonly owners = new Map<string, string>()
  /** The highest generation of each life. */
  private readonly generations = new Map<number, number>()

  check(turn: DomainTurn, view: View): string | undefined {
    const { record, message, before, after, uuid } = turn
    if (record.outcome !== "taken") return undefined
    const { epoch: was } = before.context
    const { epoch: is } = after.context
    if (message.type === "start" || message.type === "create") {
      return is === was || is === undefined ? undefined : this.begun(uuid, is, view)
    }
    if (message.type === "adopt") return is === undefined ? undefined : this.adopted(uuid, is)
    const { epoch } = message as { readonly epoch?: string }
    if (epoch !== undefined && epoch !== was)
      return `'${message.type}' of epoch ${epoch} was acted on in epoch ${was}`
    if (is !== undefined && is !== was) return `'${message.type}' began the epoch ${is}`
    return undefined
  }

  private begun(uuid: string, epoch: string, view: View): string | undefined {
    const owner = this.owners.get(epoch)
    if (owner !== undefined) return `epoch ${epoch} of ${uuid} was one of ${owner} before`
    this.owners.set(epoch, uuid)
    const generation = generationOf(epoch)
    const life = view.life?.number ?? 0
    for (const [other, highest] of this.generations) {
      const isAfter = other === life ? generation === highest : generation > highest
      if (other <= life && !isAfter)
        return `generation ${generation} of engine ${life} follows ${highest} of engine ${other}`
    }
    this.generations.set(life, generation)
    return undefined
  }

  private adopted(uuid: string, epoch: string): string | undefined {
    const owner = this.owners.get(epoch)
    this.owners.set(epoch, uuid)
    return owner === undefined || owner === uuid
      ? undefined
      : `${uuid} took over epoch ${epoch}, which is of ${owner}`
  }
}

export const epochFenced: Invariant = {
  id: "I04",
  name: "EpochFenced",
  statement:
    "A fact that carries an epoch changes something only in that epoch of its domain; only a " +
    "start or an adoption begins one, and no epoch is ever used again, by no later engine either.",
  make: () => {
    const fence = new Fence()
    return {
      decided: (turn, view) => {
        const mine = domainTurn(turn)
        return mine && fence.check(mine, view)
      }
    }
  }
}
