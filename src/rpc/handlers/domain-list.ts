/** Which domains there are: lists and look-ups, all answered from what is published. */
import type { Published, PublishedDomain } from "../../engine/published.ts"
import type { DomainState } from "../../model/state.ts"
import { keepEncoded } from "../protocol/kept.ts"
import type { remote_connect_list_all_domains_ret } from "../protocol/types.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import {
  notFound,
  published,
  reference,
  refuse,
  unknownFlags,
  uuidText
} from "./domain-reference.ts"

/** REMOTE_DOMAIN_LIST_MAX: more than this do not fit into an answer. */
const listLengthMax = 16_384

type Claim = (domain: PublishedDomain) => boolean

const isIn =
  (state: DomainState): Claim =>
  (domain) =>
    domain.state === state

const never: Claim = () => false
const always: Claim = () => true

/**
 * VIR_CONNECT_LIST_DOMAINS_*, in their groups: of each group from which any flag is given, one has
 * to hold. There are no managed saves, snapshots and checkpoints here yet.
 */
const groups: readonly (readonly (readonly [flag: number, claim: Claim])[])[] = [
  [
    [1, (domain) => domain.isActive],
    [2, (domain) => !domain.isActive]
  ],
  [
    [4, (domain) => domain.isPersistent],
    [8, (domain) => !domain.isPersistent]
  ],
  [
    [16, isIn("running")],
    [32, isIn("paused")],
    [64, isIn("shutoff")],
    [128, ({ state }) => state !== "running" && state !== "paused" && state !== "shutoff"]
  ],
  [
    [256, never],
    [512, always]
  ],
  [
    [1024, (domain) => domain.isAutostart],
    [2048, (domain) => !domain.isAutostart]
  ],
  [
    [4096, never],
    [8192, always]
  ],
  [
    [16_384, never],
    [32_768, always]
  ]
]

const knownFlags = groups.flat().reduce((mask, [flag]) => mask | flag, 0)

/** The claims of the groups that are asked for: one of each row has to hold. */
const claimsOf = (flags: number): readonly (readonly Claim[])[] =>
  groups
    .map((group) => group.filter(([flag]) => (flags & flag) !== 0).map(([, claim]) => claim))
    .filter((claims) => claims.length > 0)

const listAll: Handler<"remote", "CONNECT_LIST_ALL_DOMAINS"> = (
  { need_results: needsResults, flags },
  client
) =>
  unknownFlags("virConnectListAllDomains", flags, knownFlags) ??
  published(client, (now) => {
    const rows = claimsOf(flags)
    const all = now.all()
    const found =
      rows.length === 0
        ? all
        : all.filter((domain) => rows.every((claims) => claims.some((claim) => claim(domain))))
    if (needsResults === 0) return { domains: [], ret: found.length }
    if (found.length > listLengthMax)
      return refuse("RPC", `Too many domains '${found.length}' for limit '${listLengthMax}'`)
    return found === all ? wholeList(all) : listed(found)
  })

const listed = (found: readonly PublishedDomain[]): remote_connect_list_all_domains_ret => ({
  domains: found.map(reference),
  ret: found.length
})

const wholeLists = new WeakMap<readonly PublishedDomain[], remote_connect_list_all_domains_ret>()

/** Consoles ask for it every second or so, and most of the time nothing has changed. */
const wholeList = (all: readonly PublishedDomain[]): remote_connect_list_all_domains_ret => {
  const known = wholeLists.get(all)
  if (known !== undefined) return known
  const list = keepEncoded(listed(all))
  wholeLists.set(all, list)
  return list
}

const active = (now: Published) => now.all().filter(({ isActive }) => isActive)
const inactive = (now: Published) => now.all().filter(({ isActive }) => !isActive)

const within = <A>(name: string, wanted: number, answer: () => A) =>
  wanted > listLengthMax || wanted < 0
    ? refuse("INVALID_ARG", `${name} is not within 0 and ${listLengthMax}`)
    : answer()

export const domainList: Handlers = {
  remote: {
    CONNECT_LIST_ALL_DOMAINS: listAll,
    CONNECT_NUM_OF_DOMAINS: (_, client) =>
      published(client, (now) => ({ num: active(now).length })),
    CONNECT_LIST_DOMAINS: ({ maxids }, client) =>
      within("maxids", maxids, () =>
        published(client, (now) => ({
          // Between its launch and its being told, a guest has no number yet.
          ids: active(now)
            .map(({ id }) => id)
            .filter((id) => id >= 0)
            .slice(0, maxids)
        }))
      ),
    CONNECT_NUM_OF_DEFINED_DOMAINS: (_, client) =>
      published(client, (now) => ({ num: inactive(now).length })),
    CONNECT_LIST_DEFINED_DOMAINS: ({ maxnames }, client) =>
      within("maxnames", maxnames, () =>
        published(client, (now) => ({
          names: inactive(now)
            .map(({ name }) => name)
            .slice(0, maxnames)
        }))
      ),
    DOMAIN_LOOKUP_BY_NAME: ({ name }, client) =>
      published(client, (now) => {
        const found = now.byName(name)
        return found === undefined ? notFound(`name '${name}'`) : { dom: reference(found) }
      }),
    DOMAIN_LOOKUP_BY_UUID: ({ uuid }, client) =>
      published(client, (now) => {
        const found = now.byUuid(uuidText(uuid))
        return found === undefined
          ? notFound(`uuid '${uuidText(uuid)}'`)
          : { dom: reference(found) }
      }),
    DOMAIN_LOOKUP_BY_ID: ({ id }, client) =>
      published(client, (now) => {
        const found = now.byId(id)
        return found === undefined ? notFound(`id ${id}`) : { dom: reference(found) }
      })
  }
}
