/** A daemon in the shape of the engine that the commands work with. */
import * as Effect from "effect/Effect"
import { type Lifecycle, lifecycleNumber } from "../../model/event.ts"
import { statsGroup } from "../../qemu/stats.ts"
import type { Remote } from "../../rpc/client/connect.ts"
import type { CallFailure } from "../../rpc/client/error.ts"
import type { Engine, Filter, Happening, Summary } from "../engine.ts"
import { listen, type Told } from "./events.ts"
import { bits, createFlags, defineFlags, listFlags } from "./flags.ts"
import { remoteGuest, stateOf, summaryOf } from "./guest.ts"
import { findDomain, type Reference, uuidText } from "./reference.ts"

const flagsOf = ({ isActive, isPersistent, isAutostart }: Filter): number =>
  bits(listFlags, {
    active: isActive === true,
    inactive: isActive === false,
    persistent: isPersistent === true,
    transient: isPersistent === false,
    autostart: isAutostart === true,
    noAutostart: isAutostart === false
  })

const domains = (remote: Remote, flags: number) =>
  Effect.map(
    remote.call("remote", "CONNECT_LIST_ALL_DOMAINS", { need_results: 1, flags }),
    (ret) => ret.domains
  )

/** States of all domains by one call, whatever their number. */
const states = (remote: Remote) =>
  Effect.map(
    remote.call("remote", "CONNECT_GET_ALL_DOMAIN_STATS", {
      doms: [],
      stats: statsGroup.state,
      flags: 0
    }),
    ({ retStats }) =>
      new Map(
        retStats.map(({ dom, params }) => {
          const number = (field: string) =>
            Number(params.find((one) => one.field === field)?.value.value ?? 0)
          return [uuidText(dom.uuid), stateOf(number("state.state"), number("state.reason"))]
        })
      )
  )

/** A domain that went while we asked has no state any more. */
const gone = stateOf(0, 0)

const list = (remote: Remote, filter: Filter): Effect.Effect<readonly Summary[], CallFailure> =>
  Effect.gen(function* () {
    const [all, persistent, autostarted, known] = yield* Effect.all(
      [
        domains(remote, flagsOf(filter)),
        domains(remote, listFlags.persistent),
        domains(remote, listFlags.autostart),
        states(remote)
      ],
      { concurrency: "unbounded" }
    )
    const uuidsOf = (some: readonly Reference[]) => new Set(some.map(({ uuid }) => uuidText(uuid)))
    const [lasting, started] = [uuidsOf(persistent), uuidsOf(autostarted)]
    return all
      .map((dom) => {
        const uuid = uuidText(dom.uuid)
        return summaryOf(dom, {
          ...(known.get(uuid) ?? gone),
          isPersistent: lasting.has(uuid),
          isAutostart: started.has(uuid)
        })
      })
      .filter(({ state }) => filter.states?.includes(state) ?? true)
  })

/** The numbers of a lifecycle event as words; undefined for one that is newer than we are. */
export const lifecycleOf = (event: number, detail: number): Lifecycle | undefined => {
  for (const [word, { number, details }] of Object.entries(lifecycleNumber)) {
    if (number !== event) continue
    const found = Object.entries<number>(details).find(([, one]) => one === detail)
    // Both words come from the table that the type is made of.
    return { event: word, detail: found?.[0] ?? "unknown" } as unknown as Lifecycle
  }
  return undefined
}

const happeningOf = ({ event, dom, fields }: Told): Happening => {
  const subject = { uuid: uuidText(dom.uuid), name: dom.name, id: dom.id }
  if (event === "reboot") return { ...subject, type: "reboot" }
  const lifecycle = lifecycleOf(Number(fields["event"]), Number(fields["detail"]))
  return lifecycle === undefined ? { type: "gap" } : { ...subject, type: "lifecycle", ...lifecycle }
}

const subscribe = (remote: Remote) =>
  Effect.map(listen(remote, { events: ["lifecycle", "reboot"] }), (next) =>
    next.pipe(
      Effect.map((told): Happening | undefined => happeningOf(told)),
      Effect.catchTag("ConnectionLost", () => Effect.undefined),
      Effect.orElseSucceed((): Happening => ({ type: "gap" }))
    )
  )

/** A domain is looked up in a daemon, not in this process: no root and no trace are here. */
export const remoteEngine = (remote: Remote): Engine => ({
  place: { root: remote.uri, run: remote.uri },
  defineXML: (xml, { isValidated } = {}) =>
    Effect.map(
      remote.call("remote", "DOMAIN_DEFINE_XML_FLAGS", {
        xml,
        flags: bits(defineFlags, { validate: isValidated })
      }),
      ({ dom }) => ({ ...remoteGuest(remote, dom), reports: [] })
    ),
  createXML: (xml, { isPaused, autoDestroy } = {}) =>
    Effect.map(
      remote.call("remote", "DOMAIN_CREATE_XML", {
        xml_desc: xml,
        flags: bits(createFlags, { paused: isPaused, autoDestroy: autoDestroy !== undefined })
      }),
      ({ dom }) => ({ ...remoteGuest(remote, dom), reports: [] })
    ),
  lookup: (key) => Effect.map(findDomain(remote, key), (dom) => remoteGuest(remote, dom)),
  list: (filter = {}) => list(remote, filter),
  subscribe: () => subscribe(remote),
  connect: Effect.succeed({ id: remote.uri }),
  trace: Effect.succeed(""),
  problems: Effect.succeed([])
})
