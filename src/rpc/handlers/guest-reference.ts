/** What calls on guests have in common: which definition is meant, sizes, maps of host CPUs. */
import * as Effect from "effect/Effect"
import type { Affects } from "../../engine/guest.ts"
import type { Domain } from "../../engine/handle.ts"
import type { TypedParameter } from "../../qemu/stats.ts"
import type { Fault } from "../error-code.ts"
import type { remote_nonnull_domain } from "../protocol/types.ts"
import type { RpcRefusal } from "../refusal.ts"
import type { Client, HostServices, Work } from "../server/handler.ts"
import { affect, affects, onDomain, refuse, unknownFlags } from "./domain-reference.ts"
import { type Asked, asked, badCount, stringOkay } from "./parameters.ts"

/** VIR_DOMAIN_AFFECT_LIVE and _CONFIG. */
export const affectFlags = affect.live | affect.config

interface Call {
  readonly dom: remote_nonnull_domain
  readonly flags: number
}

/** Works on the definition or the guest that the flags mean. */
export const onAffected = <A>(
  client: Client,
  { dom, flags }: Call,
  work: (domain: Domain, which: Affects | undefined) => Effect.Effect<A, Fault, HostServices>
): Work<A> =>
  onDomain(client, dom, (domain, found) =>
    Effect.flatMap(affects(flags & affectFlags, found), (which) => work(domain, which))
  )

/** A number of the protocol that must be exact here: sizes and offsets in bytes, KiB, ms. */
export const exact = (what: string, value: bigint): Effect.Effect<number, RpcRefusal> =>
  value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Effect.succeed(Number(value))
    : refuse("INVALID_ARG", `${what} of ${value} is out of range`)

/** What the client can take: texts only where it has said so. */
export const readable = (params: readonly TypedParameter[], flags: number) =>
  (flags & stringOkay) !== 0 ? params : params.filter(({ value: { type } }) => type !== stringType)

const stringType = 7

/** Parameters by the two calls of one getter. */
export const parametersOf = (
  api: string,
  how: { readonly nparams: number; readonly max: number; readonly flags: number },
  all: Effect.Effect<readonly TypedParameter[], Fault, HostServices>
): Work<Asked<TypedParameter>> => {
  const refusal = badCount(api, how.nparams, how.max)
  if (refusal !== undefined) return Effect.fail(refusal)
  return Effect.map(all, (params) => asked(readable(params, how.flags), how.nparams))
}

/** A getter of limits: the flags of both definitions, then the parameters by two calls. */
export const limitsGetter =
  <A extends Call & { readonly nparams: number }>(
    api: string,
    max: number,
    read: (
      domain: Domain,
      which: Affects | undefined,
      args: A
    ) => Effect.Effect<readonly TypedParameter[], Fault, HostServices>
  ) =>
  (args: A, client: Client): Work<Asked<TypedParameter>> =>
    unknownFlags(api, args.flags, affectFlags | stringOkay) ??
    parametersOf(
      api,
      { nparams: args.nparams, max, flags: args.flags },
      onAffected(client, args, (domain, which) => read(domain, which, args))
    )

/** REMOTE_CPUMAPS_MAX: bytes of all maps of one answer. */
const mapBytesMax = 8_388_608

/** REMOTE_VCPUINFO_MAX */
export const vcpusMax = 16_384

/** A refusal where so many maps of so many bytes are more than an answer holds. */
export const badMaps = (
  count: number,
  mapBytes: number
): Effect.Effect<never, RpcRefusal> | undefined =>
  count >= 0 && count <= vcpusMax && mapBytes >= 0 && count * mapBytes <= mapBytesMax
    ? undefined
    : refuse("INVALID_ARG", `${count} CPU maps of ${mapBytes} bytes do not fit into an answer`)

/** One map after another, each of so many bytes: the lowest bit of the first byte is CPU 0. */
export const cpuMaps = (maps: readonly (readonly number[])[], mapBytes: number): Uint8Array => {
  const bytes = new Uint8Array(maps.length * mapBytes)
  maps.forEach((cpus, index) => {
    for (const cpu of cpus) {
      const at = cpu >> 3
      if (at < mapBytes) {
        const place = index * mapBytes + at
        bytes[place] = (bytes[place] ?? 0) | (1 << (cpu & 7))
      }
    }
  })
  return bytes
}
