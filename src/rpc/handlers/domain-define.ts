/** How domains come to be, change and go: definitions as XML, names, autostart. */
import * as Effect from "effect/Effect"
import type { DefinedDomain } from "../../engine/engine.ts"
import type { PublishedDomain } from "../../engine/published.ts"
import { Files } from "../../host/files.ts"
import type { Client, Handler, Handlers } from "../server/handler.ts"
import { startFlags, startOptions } from "./domain-life.ts"
import { contradiction, onDomain, reference, refuse, unknownFlags } from "./domain-reference.ts"

/** With its number, if it runs by now. */
const referenceOf = (client: Client, { uuid, name }: DefinedDomain) => {
  const id = client.engine.published()?.byUuid(uuid)?.id ?? -1
  return { dom: reference({ uuid, name, id }) }
}

const validate = 1

const define: Handler<"remote", "DOMAIN_DEFINE_XML_FLAGS"> = ({ xml, flags }, client) =>
  unknownFlags("virDomainDefineXMLFlags", flags, validate) ??
  Effect.map(client.engine.defineXML(xml, { isValidated: flags === validate }), (domain) =>
    referenceOf(client, domain)
  )

const create: Handler<"remote", "DOMAIN_CREATE_XML"> = ({ xml_desc: xml, flags }, client) =>
  unknownFlags(
    "virDomainCreateXML",
    flags,
    startFlags.paused | startFlags.autoDestroy | startFlags.validate
  ) ??
  startOptions(flags, client).pipe(
    Effect.flatMap((options) => {
      const isValidated = (flags & startFlags.validate) !== 0
      return client.engine.createXML(xml, { ...options, isValidated })
    }),
    Effect.map((domain) => referenceOf(client, domain))
  )

/**
 * virDomainUndefineFlagsValues. There are no managed saves, snapshots, checkpoints and TPM states
 * here yet: a client may ask that they go, or stay, and either has happened.
 */
const nvram = { flag: 4, name: "NVRAM" } as const
const keepNvram = { flag: 8, name: "KEEP_NVRAM" } as const
const tpm = { flag: 32, name: "TPM" } as const
const keepTpm = { flag: 64, name: "KEEP_TPM" } as const
const allUndefineFlags = 127

/** The guest's own firmware variables, if it has been given them. */
const nvramOf = ({ persistent }: PublishedDomain) =>
  Effect.gen(function* () {
    const path = persistent?.os.nvram?.path
    if (path === undefined) return undefined
    const found = yield* Effect.option((yield* Files).stat(path))
    return found._tag === "Some" ? path : undefined
  })

const undefine: Handler<"remote", "DOMAIN_UNDEFINE_FLAGS"> = ({ dom, flags }, client) =>
  unknownFlags("virDomainUndefineFlags", flags, allUndefineFlags) ??
  contradiction(flags, nvram, keepNvram) ??
  contradiction(flags, tpm, keepTpm) ??
  onDomain(client, dom, (domain) =>
    Effect.gen(function* () {
      // Loads the definition where that has not been needed before.
      yield* domain.info
      const found = client.engine.published()?.byUuid(domain.uuid)
      if (found?.isPersistent !== true)
        return yield* refuse("OPERATION_INVALID", "cannot undefine transient domain")
      const path = yield* nvramOf(found)
      if (path !== undefined && (flags & (nvram.flag | keepNvram.flag)) === 0)
        return yield* refuse("OPERATION_INVALID", "cannot undefine domain with nvram")
      yield* domain.undefine
      // Last: variables without a domain are litter, a domain without them does not boot.
      if (path !== undefined && (flags & nvram.flag) !== 0) yield* (yield* Files).unlink(path)
    })
  )

const setAutostart: Handler<"remote", "DOMAIN_SET_AUTOSTART"> = ({ dom, autostart }, client) =>
  onDomain(client, dom, (domain, { isPersistent }) =>
    isPersistent
      ? domain.setAutostart(autostart !== 0)
      : refuse("OPERATION_INVALID", "cannot set autostart for transient domain")
  )

const rename: Handler<"remote", "DOMAIN_RENAME"> = ({ dom, new_name: name, flags }, client) =>
  unknownFlags("virDomainRename", flags, 0) ??
  onDomain(client, dom, (domain, found) => {
    if (name === null || name === "") return refuse("INVALID_ARG", "new_name must not be empty")
    if (!found.isPersistent) return refuse("OPERATION_INVALID", "cannot rename a transient domain")
    if (found.isActive) return refuse("OPERATION_INVALID", "cannot rename active domain")
    if (found.name === name) return refuse("OPERATION_INVALID", "Can't rename domain to itself")
    return Effect.as(domain.rename(name), { retcode: 0 })
  })

export const domainDefine: Handlers = {
  remote: {
    DOMAIN_DEFINE_XML: ({ xml }, client) => define({ xml, flags: 0 }, client),
    DOMAIN_DEFINE_XML_FLAGS: define,
    DOMAIN_CREATE_XML: create,
    DOMAIN_UNDEFINE: ({ dom }, client) => undefine({ dom, flags: 0 }, client),
    DOMAIN_UNDEFINE_FLAGS: undefine,
    DOMAIN_SET_AUTOSTART: setAutostart,
    DOMAIN_RENAME: rename
  }
}
