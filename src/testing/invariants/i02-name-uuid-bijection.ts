/** I02: no two domains of one name or one uuid, neither listed nor reserved nor read. */
import * as HashMap from "effect/HashMap"
import type { Operation } from "../history/operation.ts"
import type { Invariant } from "../simulation/view.ts"
import {
  type DomainsIndex,
  entriesOf,
  entryOf,
  indexAfter,
  ownerOf,
  reservationsOf
} from "./domains-index.ts"

const brokenIndex = (index: DomainsIndex): string | undefined => {
  for (const { uuid, name } of entriesOf(index)) {
    const owner = ownerOf(index, name)
    if (owner !== uuid) return `'${name}' is listed for ${uuid} and found for ${owner}`
  }
  if (HashMap.size(index.byName) === HashMap.size(index.byUuid)) return undefined
  return "a name leads to a domain that is not listed under it"
}

/** A new name for a domain of the list is reserved under its uuid. */
const brokenReservation = (index: DomainsIndex): string | undefined => {
  const names = new Set<string>()
  const uuids = new Set<string>()
  for (const { uuid, name } of reservationsOf(index)) {
    const owner = ownerOf(index, name)
    if (owner !== undefined) return `'${name}' is reserved and belongs to ${owner}`
    if (names.has(name)) return `'${name}' is reserved twice`
    if (uuids.has(uuid) && entryOf(index, uuid) === undefined) return `${uuid} is reserved twice`
    names.add(name)
    uuids.add(uuid)
  }
  return undefined
}

const brokenListing = ({ id, result }: Operation): string | undefined => {
  const value = result?.kind === "ok" ? result.value : undefined
  if (value === undefined || !("domains" in value)) return undefined
  for (const key of ["uuid", "name"] as const) {
    const seen = value.domains.map((one) => one[key])
    const twice = seen.find((one, at) => seen.indexOf(one) !== at)
    if (twice !== undefined) return `listing ${id} shows '${twice}' twice`
  }
  return undefined
}

export const nameUuidBijection: Invariant = {
  id: "I02",
  name: "NameUuidBijection",
  statement:
    "Name to uuid and uuid to name are inverse maps over all that is listed or reserved, and no " +
    "listing shows a name or a uuid twice.",
  make: () => ({
    decided: (turn) => {
      const index = indexAfter(turn)
      return index && (brokenIndex(index) ?? brokenReservation(index))
    },
    history: ({ history }) => {
      for (const operation of history.operations) {
        const broken = operation.call.call === "list" ? brokenListing(operation) : undefined
        if (broken !== undefined) return broken
      }
      return undefined
    }
  })
}
