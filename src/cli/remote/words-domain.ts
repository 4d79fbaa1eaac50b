/** Words about domains, their definitions and what is known of them. */
import * as Effect from "effect/Effect"
import type { Remote } from "../../rpc/client/connect.ts"
import { given } from "../flags.ts"
import { readXml } from "../input.ts"
import { Screen } from "../screen.ts"
import { listen } from "./events.ts"
import { affectFlags, bits, createFlags, defineFlags } from "./flags.ts"
import { stateOf } from "./guest.ts"
import { findDomain, type Reference, uuidText } from "./reference.ts"
import { named } from "./values.ts"
import { done, whole } from "./answer.ts"
import { arg, flag, impact, word } from "./word.ts"

const domstate = word({
  word: "domstate",
  about: "Tell the state of a domain",
  args: { domain: arg.domain },
  flags: { withReason: flag.is("reason", "and why it is in it") },
  call: ({ domain, withReason }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const now = yield* remote.call("remote", "DOMAIN_GET_STATE", { dom, flags: 0 })
      const { state, reason } = stateOf(now.state, now.reason)
      const text = withReason ? `${state} (${reason})\n` : `${state}\n`
      return { value: { name: dom.name, state, reason }, text }
    })
})

/** A word that tells one thing of a domain's reference. */
const told = (row: {
  readonly word: string
  readonly about: string
  readonly field: string
  readonly of: (dom: Reference) => string | number | undefined
}) =>
  word({
    word: row.word,
    about: row.about,
    args: { domain: arg.domain },
    flags: {},
    call: ({ domain }, { remote }) =>
      Effect.map(findDomain(remote, domain), (dom) => ({
        value: { [row.field]: row.of(dom) },
        text: `${row.of(dom) ?? "-"}\n`
      }))
  })

const domid = told({
  word: "domid",
  about: "Tell the number of a running domain",
  field: "id",
  of: ({ id }) => (id < 0 ? undefined : id)
})

const domuuid = told({
  word: "domuuid",
  about: "Tell the uuid of a domain",
  field: "uuid",
  of: ({ uuid }) => uuidText(uuid)
})

const domname = told({
  word: "domname",
  about: "Tell the name of a domain",
  field: "name",
  of: ({ name }) => name
})

/** Waits until the guest is off, or the user has had enough; the connection is its life. */
const untilOver = (remote: Remote, dom: Reference) =>
  Effect.gen(function* () {
    const screen = yield* Screen
    const next = yield* listen(remote, { events: ["lifecycle"], dom })
    yield* screen.warn(`${dom.name} ends with this command; Ctrl-C ends both\n`)
    const isOff = Effect.gen(function* () {
      const { state } = yield* remote.call("remote", "DOMAIN_GET_STATE", { dom, flags: 0 })
      return stateOf(state, 0).state === "shutoff"
    }).pipe(Effect.orElseSucceed(() => true))
    const over = Effect.gen(function* () {
      while (!(yield* isOff)) yield* next
    })
    yield* Effect.raceFirst(over, screen.stopAsked)
  })

const create = word({
  word: "create",
  about: "Start a guest without a persistent definition",
  args: { file: arg.text("FILE", "its definition") },
  flags: {
    paused: flag.is("paused", "the guest waits before its first instruction"),
    autoDestroy: flag.is("autodestroy", "stay connected, and end the guest with this command"),
    validate: flag.is("validate", "what is not known is an error")
  },
  call: ({ file, ...own }, { remote }) =>
    Effect.gen(function* () {
      const xml = yield* readXml(file)
      const { dom } = yield* remote.call("remote", "DOMAIN_CREATE_XML", {
        xml_desc: xml,
        flags: bits(createFlags, own)
      })
      const said = done(dom.name, "is started")
      if (!own.autoDestroy) return said
      yield* (yield* Screen).write(said.text ?? "")
      return void (yield* untilOver(remote, dom))
    })
})

/** virDomainMetadataType. */
const metadataType = { description: 0, title: 1, element: 2 } as const

const desc = word({
  word: "desc",
  about: "Tell or set the description of a domain",
  args: { domain: arg.domain, text: arg.many("TEXT", "the new one; empty takes it away") },
  flags: { isTitle: flag.is("title", "its title instead"), ...impact },
  call: ({ domain, text, isTitle, ...own }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const type = isTitle ? metadataType.title : metadataType.description
      const flags = bits(affectFlags, own)
      if (text.length > 0) {
        const metadata = text.join(" ")
        const wanted = { dom, type, key: null, uri: null, flags }
        yield* remote.call("remote", "DOMAIN_SET_METADATA", {
          ...wanted,
          metadata: metadata === "" ? null : metadata
        })
        return done(dom.name, isTitle ? "has a new title" : "has a new description")
      }
      const found = yield* remote.call("remote", "DOMAIN_GET_METADATA", {
        dom,
        type,
        uri: null,
        flags
      })
      return whole(isTitle ? "title" : "description", found.metadata)
    })
})

const metadata = word({
  word: "metadata",
  about: "Print, set or remove a piece of XML that somebody keeps with a domain",
  args: { domain: arg.domain, uri: arg.text("URI", "the namespace of that piece") },
  flags: {
    set: flag.text("set", "XML", "this one from now on"),
    key: flag.text("key", "PREFIX", "the prefix that it gets"),
    isRemoved: flag.is("remove", "none from now on"),
    ...impact
  },
  call: ({ domain, uri, set, key, isRemoved, ...own }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const flags = bits(affectFlags, own)
      const type = metadataType.element
      const piece = isRemoved ? null : given(set)
      if (piece === undefined) {
        const asked = { dom, type, uri, flags }
        const found = yield* remote.call("remote", "DOMAIN_GET_METADATA", asked)
        return whole("metadata", found.metadata)
      }
      const wanted = { dom, type, uri, flags, metadata: piece, key: given(key) ?? null }
      yield* remote.call("remote", "DOMAIN_SET_METADATA", wanted)
      return done(dom.name, piece === null ? "has lost its metadata" : "has new metadata")
    })
})

/** virDomainControlState. */
const controlStates = ["ok", "job", "occupied", "error"]

const domcontrol = word({
  word: "domcontrol",
  about: "Tell whether the daemon can talk to a running guest's QEMU",
  args: { domain: arg.domain },
  flags: {},
  call: ({ domain }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const found = yield* remote.call("remote", "DOMAIN_GET_CONTROL_INFO", { dom, flags: 0 })
      const state = named(controlStates, found.state)
      const value = { name: dom.name, state, details: found.details, sinceMs: found.stateTime }
      return { value, text: `${state}\n` }
    })
})

/** virDomainJobType. */
const jobTypes = ["none", "bounded", "unbounded", "completed", "failed", "cancelled"]

const domjobinfo = word({
  word: "domjobinfo",
  about: "Tell what long work is under way on a guest",
  args: { domain: arg.domain },
  flags: {},
  call: ({ domain }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const { type, ...rest } = yield* remote.call("remote", "DOMAIN_GET_JOB_INFO", { dom })
      const job = named(jobTypes, type)
      return job === "none"
        ? { value: { name: dom.name, job }, text: "none\n" }
        : { value: { name: dom.name, job, ...rest } }
    })
})

const edit = word({
  word: "edit",
  about: "Change the definition of a domain in $EDITOR",
  args: { domain: arg.domain },
  flags: { validate: flag.is("validate", "what is not known is an error") },
  call: ({ domain, validate }, { remote }) =>
    Effect.flatMap(
      Effect.promise(() => import("./edit.ts")),
      (module) => module.edit(remote, { key: domain, flags: bits(defineFlags, { validate }) })
    )
})

export const definitionWords = [
  domstate,
  domid,
  domuuid,
  domname,
  create,
  desc,
  metadata,
  domcontrol,
  domjobinfo,
  edit
] as const
