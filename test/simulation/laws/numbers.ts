/** L03: the number of a running domain is its own, and only a running domain has one. */
import type { Invariant, View } from "../../../src/testing/simulation/view.ts"
import { type DomainTurn, domainTurn } from "../../../src/testing/invariants/domain-turn.ts"

const broken = ({ uuid, record, after }: DomainTurn, view: View): string | undefined => {
  const { epoch, id } = after.context
  if (id === -1) return undefined
  if (epoch === undefined) return `${record.actor} is off and has number ${id}`
  const others = view.life?.driver?.parts()?.domains.all() ?? []
  const twin = others.find((one) => one.uuid !== uuid && one.ref?.actor.published.context.id === id)
  return twin && `${uuid} and ${twin.uuid} both have number ${id}`
}

export const numbersOfOne: Invariant = {
  id: "L03",
  name: "NumbersOfOne",
  statement: "A domain has a number exactly while it has a QEMU, and no two have one number.",
  make: () => ({
    decided: (turn, view) => {
      const mine = domainTurn(turn)
      return mine?.record.outcome === "taken" ? broken(mine, view) : undefined
    }
  })
}
