/** The list of domains as its actor has it, for the laws that look at its turns. */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import type { Entry } from "../../../actors/domains.ts"
import type { Turn } from "../../kernel/inspection.ts"

export interface Named {
  readonly uuid: string
  readonly name: string
}

/** The actor's own state. */
export interface DomainsIndex {
  readonly byUuid: HashMap.HashMap<string, Entry>
  readonly byName: HashMap.HashMap<string, string>
  readonly reserved: HashMap.HashMap<string, Named>
}

/** The state after a turn of the list; `undefined` for another actor's turn. */
export const indexAfter = ({ record, after }: Turn): DomainsIndex | undefined =>
  record.actor === "domains" ? (after as DomainsIndex) : undefined

export const entriesOf = ({ byUuid }: DomainsIndex): readonly Entry[] => [...HashMap.values(byUuid)]

export const ownerOf = ({ byName }: DomainsIndex, name: string): string | undefined =>
  Option.getOrUndefined(HashMap.get(byName, name))

export const entryOf = ({ byUuid }: DomainsIndex, uuid: string): Entry | undefined =>
  Option.getOrUndefined(HashMap.get(byUuid, uuid))

export const reservationsOf = ({ reserved }: DomainsIndex): readonly Named[] => [
  ...HashMap.values(reserved)
]
