/**
 * What libvirt's wire protocol costs on this machine: calls a second on one core through framer,
 * look-up, decoding of the arguments and encoding of the answer, that is, a server without work. A
 * plain script, run by node, not a timed test: it prints a table and one line of JSON. The ratio
 * against JSON.parse and JSON.stringify of the same values, measured in turns with it, means more
 * than the rates, which change with the machine's load.
 */
import * as Result from "effect/Result"
import { decodeArgs, encodeArgs, encodeRet } from "../../src/rpc/protocol/codec.ts"
import { Framer } from "../../src/rpc/protocol/framer.ts"
import { type Procedure, procedure, procedureOf } from "../../src/rpc/protocol/procedures.ts"

const rounds = 15
const callsPerRound = 20_000
/** A client that does not wait for its answers: its calls come together. */
const callsPerChunk = 8

const dom = { name: "web-frontend", uuid: new Uint8Array(16).fill(7), id: 12 }

const domains = Array.from({ length: 100 }, (_, index) => ({ ...dom, name: `guest-${index}` }))

const parameters = Array.from({ length: 40 }, (_, index) => ({
  field: `vcpu.${index}.time`,
  value: { type: 4, value: BigInt(index) * 1_000_003n } as const
}))

interface Case {
  readonly name: string
  readonly procedure: Procedure
  readonly args: unknown
  readonly ret: unknown
}

const cases: readonly Case[] = [
  {
    name: "CONNECT_GET_LIB_VERSION",
    procedure: procedure("remote", "CONNECT_GET_LIB_VERSION"),
    args: undefined,
    ret: { lib_ver: 9_000_000n }
  },
  {
    name: "DOMAIN_GET_INFO",
    procedure: procedure("remote", "DOMAIN_GET_INFO"),
    args: { dom },
    ret: { state: 1, maxMem: 1_048_576n, memory: 1_048_576n, nrVirtCpu: 2, cpuTime: 123_456_789n }
  },
  {
    name: "DOMAIN_LOOKUP_BY_NAME",
    procedure: procedure("remote", "DOMAIN_LOOKUP_BY_NAME"),
    args: { name: dom.name },
    ret: { dom }
  },
  {
    name: "DOMAIN_GET_XML_DESC, 6 KiB",
    procedure: procedure("remote", "DOMAIN_GET_XML_DESC"),
    args: { dom, flags: 0 },
    ret: { xml: "<disk type='file' device='disk'/>\n".repeat(180) }
  },
  {
    name: "LIST_ALL_DOMAINS, 100",
    procedure: procedure("remote", "CONNECT_LIST_ALL_DOMAINS"),
    args: { need_results: 1, flags: 0 },
    ret: { domains, ret: 100 }
  },
  {
    name: "GET_ALL_DOMAIN_STATS, 40 values",
    procedure: procedure("remote", "CONNECT_GET_ALL_DOMAIN_STATS"),
    args: { doms: [], stats: 0, flags: 0 },
    ret: { retStats: [{ dom, params: parameters }] }
  }
]

const plain = (_key: string, value: unknown): unknown =>
  typeof value === "bigint" ? Number(value) : value instanceof Uint8Array ? [...value] : value

/** The same values for JSON: as it would have them, without a replacer in the measured loop. */
const forJson = (value: unknown): unknown =>
  value === undefined ? null : JSON.parse(JSON.stringify(value, plain))

function serve(framer: Framer, chunk: Uint8Array, ret: unknown): number {
  let bytes = 0
  for (const packet of framer.push(chunk).packets) {
    const called = procedureOf(packet.program, packet.procedure)
    if (called === undefined) throw new Error("the call names a procedure")
    const args = decodeArgs(called, packet.payload)
    if (Result.isFailure(args)) throw args.failure
    bytes += Result.getOrThrow(encodeRet(called, packet.serial, ret)).byteLength
  }
  return bytes
}

function serveJson(call: Uint8Array, ret: unknown): number {
  let bytes = 0
  for (let at = 0; at < callsPerChunk; at++) {
    JSON.parse(Buffer.from(call.buffer, call.byteOffset, call.byteLength).toString("utf8"))
    bytes += Buffer.from(JSON.stringify(ret), "utf8").byteLength
  }
  return bytes
}

/** Seconds of the fastest of `rounds` rounds, for two bodies measured in turns. */
function fastest(count: number, one: () => number, other: () => number): readonly number[] {
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (let round = 0; round < rounds; round++) {
    for (const [index, body] of [one, other].entries()) {
      const start = performance.now()
      for (let at = 0; at < count; at++) body()
      best[index] = Math.min(best[index] ?? 0, (performance.now() - start) / 1000)
    }
  }
  return best
}

function measure({ name, procedure: called, args, ret }: Case) {
  const call = Result.getOrThrow(encodeArgs(called, 1, args))
  const chunk = Buffer.concat(Array.from({ length: callsPerChunk }, () => call))
  const jsonCall = Buffer.from(JSON.stringify({ procedure: 16, serial: 1, args: forJson(args) }))
  const jsonRet = { serial: 1, ret: forJson(ret) }
  const framer = new Framer()
  const bytes = serve(framer, chunk, ret) / callsPerChunk
  const count = Math.max(1, Math.floor(callsPerRound / callsPerChunk / Math.max(1, bytes / 1000)))
  const [ours = 0, json = 0] = fastest(
    count,
    () => serve(framer, chunk, ret),
    () => serveJson(jsonCall, jsonRet)
  )
  const calls = count * callsPerChunk
  return {
    name,
    answerBytes: bytes,
    callsPerSecond: Math.round(calls / ours),
    jsonPerSecond: Math.round(calls / json),
    ratio: Number((json / ours).toFixed(2))
  }
}

/** As in a server: the code has met every kind of value before any of them is timed. */
for (const { procedure: called, args, ret } of cases) {
  const call = Result.getOrThrow(encodeArgs(called, 1, args))
  for (let at = 0; at < 5_000; at++) serve(new Framer(), call, ret)
}

const results = cases.map(measure)
console.log("calls/s on one core   JSON's    ratio  answer  procedure")
for (const { name, answerBytes, callsPerSecond, jsonPerSecond, ratio } of results) {
  const columns = [
    `${callsPerSecond}`.padStart(19),
    `${jsonPerSecond}`.padStart(8),
    `${ratio}`.padStart(8),
    `${answerBytes}`.padStart(7)
  ]
  console.log(`${columns.join(" ")}  ${name}`)
}
console.log(JSON.stringify(results))
