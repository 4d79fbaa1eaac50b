/**
 * Devices that guests have given back and that have not arrived: a guest that is off has none of
 * them. Follows the pool's turns.
 */
import { entriesOf, type PoolState } from "../../../actors/device-table.ts"
import type { Turn } from "../../kernel/inspection.ts"
import { domainTurn, lifeOf } from "./domain-turn.ts"
import { poolTurn } from "./held.ts"

const onWay: ReadonlySet<string> = new Set(["detaching", "reattaching", "resetting"])

export class OnTheirWay {
  private life: number | undefined
  /** Device -> the token that gave it back. */
  private readonly tokens = new Map<string, string>()

  /** `undefined` unless a guest ends too early. */
  see(turn: Turn, life: number | undefined): string | undefined {
    if (life !== this.life) this.tokens.clear()
    this.life = life
    const pool = poolTurn(turn)
    if (pool === undefined) return this.ended(turn)
    if (pool.pool !== "pci-pool") return undefined
    const { message, before, after } = pool
    if (message.type === "release")
      for (const [device, { token }] of Object.entries(before))
        if (token === message.token && after[device] === undefined) this.tokens.set(device, token)
    const entries = entriesOf(turn.after as PoolState)
    for (const device of this.tokens.keys())
      if (!onWay.has(entries.get(device)?.state ?? "host")) this.tokens.delete(device)
    return undefined
  }

  private ended(turn: Turn): string | undefined {
    const mine = domainTurn(turn)
    if (mine === undefined || this.tokens.size === 0) return undefined
    const isOff = ["shutoff", "gone"].includes(lifeOf(mine.after))
    if (!isOff || lifeOf(mine.before) === lifeOf(mine.after)) return undefined
    const token = `${mine.uuid}/${mine.before.context.epoch}`
    const late = [...this.tokens].find(([, by]) => by === token)
    return late && `${token} is off, and ${late[0]} has not got back to its driver`
  }
}
