/** I25: devices and ports are taken whole, and given back by who took them. */
import type { Invariant } from "../simulation/view.ts"
import { type PoolTurn, poolTurn, type PortsTurn, portsTurn } from "./held.ts"

const reserved = ({ pool, message, before, after }: PoolTurn): string | undefined => {
  if (message.type !== "reserve") return undefined
  const { token } = message.holder
  const wanted = message.wishes.map(({ device }) => device)
  const got = wanted.filter((device) => after[device]?.token === token)
  const had = wanted.filter((device) => before[device]?.token === token)
  const isWhole = got.length === wanted.length || got.length === had.length
  if (!isWhole) return `${pool} gave ${token} ${got.length} of ${wanted.length} devices`
  const others = Object.keys(after).filter((device) => before[device] !== after[device])
  const stray = others.find((device) => !wanted.includes(device))
  return stray && `${pool} gave ${token} ${stray}, which it had not asked for`
}

interface Release {
  readonly who: string
  readonly token: string
  /** That one alone. */
  readonly only?: string | undefined
  readonly before: ReadonlyMap<string, string>
  readonly after: ReadonlyMap<string, string>
}

const released = ({ who, token, only, before, after }: Release): string | undefined => {
  for (const [thing, holder] of before) {
    const isKept = after.get(thing) === holder
    const isGiven = holder === token && (only ?? thing) === thing
    if (isKept === isGiven)
      return `${who}: the release of ${token} ${isKept ? "left" : "took"} ${thing} of ${holder}`
  }
  return undefined
}

const holdersOf = (held: PoolTurn["before"]): ReadonlyMap<string, string> =>
  new Map(Object.entries(held).map(([device, { token }]) => [device, token]))

const pools = (turn: PoolTurn): string | undefined => {
  const { pool, message, before, after } = turn
  if (message.type === "reserve") return reserved(turn)
  if (message.type === "adopt") return undefined
  if (message.type !== "release") {
    // One that is neither here nor there is nobody's until somebody has seen to it.
    const broken = message.type === "failed" ? message.device : undefined
    const moved = Object.keys({ ...before, ...after }).find(
      (one) => before[one] !== after[one] && !(one === broken && after[one] === undefined)
    )
    return moved && `${pool}: ${message.type} gave or took ${moved}`
  }
  const { token, device: only } = message
  const held = { before: holdersOf(before), after: holdersOf(after) }
  return released({ who: pool, token, only, ...held })
}

const ports = ({ message, before, after }: PortsTurn): string | undefined => {
  const { token } = message
  const [was, is] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  if (message.type === "release") return released({ who: "ports", token, before: was, after: is })
  const lost = [...was].find(([port, holder]) => is.get(port) !== holder)
  return lost && `ports gave ${token} port ${lost[0]} of ${lost[1]}`
}

export const allOrNothingAcquire: Invariant = {
  id: "I25",
  name: "AllOrNothingAcquire",
  statement:
    "A reservation gives all the devices it asks for or none; a release takes back everything of " +
    "its own token and nothing of another.",
  make: () => ({
    decided: (turn) => {
      const pool = poolTurn(turn)
      if (pool !== undefined) return pools(pool)
      const taken = portsTurn(turn)
      return taken && ports(taken)
    }
  })
}
