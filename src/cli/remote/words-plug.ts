/** Words by which devices of a domain come and go, with the flags that virsh has for them. */
import * as Effect from "effect/Effect"
import type { remote_nonnull_domain } from "../../rpc/protocol/types.ts"
import { BadInput } from "../failure.ts"
import { readXml } from "../input.ts"
import { done } from "./answer.ts"
import { affectFlags, bits } from "./flags.ts"
import { findDomain } from "./reference.ts"
import { arg, flag, impact, word } from "./word.ts"

const current = flag.is("current", "of what the domain is now: running, or off")
const persistent = flag.is("persistent", "of the definition, and of the guest if it runs")

interface Wanted {
  readonly live: boolean
  readonly config: boolean
  readonly current: boolean
  readonly persistent: boolean
}

/** A domain that is off has the number -1. */
const isActive = ({ id }: remote_nonnull_domain): boolean => id !== -1

/** The bits; nothing where nothing was said, which is for the running guest, as in virsh. */
const flagsOf = (dom: remote_nonnull_domain, wanted: Wanted) => {
  const isSaid = wanted.live || wanted.config || wanted.persistent
  if (wanted.current && isSaid)
    return Effect.fail(
      new BadInput({ message: "--current excludes --live, --config and --persistent" })
    )
  if (wanted.current) return Effect.succeed(0)
  const live = wanted.live || (wanted.persistent && isActive(dom)) || !isSaid
  return Effect.succeed(bits(affectFlags, { live, config: wanted.config || wanted.persistent }))
}

const flags = { ...impact, current, persistent }
const file = arg.text("FILE", "the device's XML; - is standard input")

const attach = word({
  word: "attach-device",
  about: "Give a domain one more device",
  args: { domain: arg.domain, file },
  flags,
  call: ({ domain, file: path, ...wanted }, { remote }) =>
    Effect.gen(function* () {
      const xml = yield* readXml(path)
      const dom = yield* findDomain(remote, domain)
      const meant = yield* flagsOf(dom, wanted)
      yield* remote.call("remote", "DOMAIN_ATTACH_DEVICE_FLAGS", { dom, xml, flags: meant })
      return done(dom.name, "has the device")
    })
})

const detach = word({
  word: "detach-device",
  about: "Take a device from a domain; a guest that takes its time lets it go later",
  args: { domain: arg.domain, file },
  flags,
  call: ({ domain, file: path, ...wanted }, { remote }) =>
    Effect.gen(function* () {
      const xml = yield* readXml(path)
      const dom = yield* findDomain(remote, domain)
      const meant = yield* flagsOf(dom, wanted)
      yield* remote.call("remote", "DOMAIN_DETACH_DEVICE_FLAGS", { dom, xml, flags: meant })
      return done(dom.name, "is asked for the device")
    })
})

const detachAlias = word({
  word: "detach-device-alias",
  about: "Take a device from a domain, by its name in QEMU",
  args: { domain: arg.domain, alias: arg.text("ALIAS", "as hostdev0: see 'dumpxml'") },
  flags: { ...impact, current },
  call: ({ domain, alias, ...wanted }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const meant = yield* flagsOf(dom, { ...wanted, persistent: false })
      const asked = { dom, alias, flags: meant }
      yield* remote.call("remote", "DOMAIN_DETACH_DEVICE_ALIAS", asked)
      return done(dom.name, `is asked for '${alias}'`)
    })
})

export const plugWords = [attach, detach, detachAlias] as const
