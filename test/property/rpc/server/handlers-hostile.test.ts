/**
 * Goal: whatever stands in the fields of a call, its client gets one answer; no handler meets a
 * mistake of ours, and nobody else notices. Method: what real clients called (or calls drawn by
 * layout, where the recordings are absent), with each field at any depth changed in each way that
 * its layout allows; said to the real handlers over an engine in the simulated world.
 */
import fc from "fast-check"
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import { decodeArgs, encodeArgs } from "../../../../src/rpc/protocol/codec.ts"
import type { Packet } from "../../../../src/rpc/protocol/packet.ts"
import { type Procedure, procedureOf, procedures } from "../../../../src/rpc/protocol/procedures.ts"
import { frames as recorded } from "../../../unit/rpc/protocol/corpus.ts"
import { decodeError } from "../../../../src/rpc/protocol/error-payload.ts"
import { call } from "../../../unit/rpc/server/client.ts"
import { valueOf } from "../protocol/arbitrary.ts"
import { variants } from "./fields.ts"
import { daemonStage, type DaemonStage, domainArgs, type Guest, poolArgs } from "./stage.ts"

const programNumbers: { readonly [word: string]: number } = { R: 0x20008086, Q: 0x20008087 }

interface Called {
  readonly procedure: Procedure
  readonly args: unknown
}

/** These end the connection, or change what the session is. */
const ending = new Set(["CONNECT_OPEN", "CONNECT_CLOSE"])

/** Every domain that a call names becomes one of ours. */
const aimed = (value: unknown, slot: 0 | 1 | 2): unknown => {
  if (value instanceof Uint8Array || typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((one) => aimed(one, slot))
  const record = Object.entries(value)
  if ("uuid" in value && "id" in value) return domainArgs(slot)
  if ("uuid" in value && "name" in value) return poolArgs
  return Object.fromEntries(record.map(([key, one]) => [key, aimed(one, slot)]))
}

/** Each call that was recorded, once. */
const heard = (): readonly Called[] => {
  const calls = new Map<string, Called>()
  for (const { program, procedure: number, type, from, payload } of recorded) {
    const procedure = procedureOf(programNumbers[program] ?? 0, number)
    if (type !== "CALL" || from !== "client" || procedure === undefined) continue
    const args = decodeArgs(procedure, Buffer.from(payload, "hex"))
    if (args._tag === "Failure" || ending.has(procedure.name) || procedure.args === null) continue
    calls.set(`${program} ${number} ${payload}`, { procedure, args: args.success })
  }
  return [...calls.values()]
}

/** One call of each procedure that anybody may answer. */
const drawn = (seed: number): readonly Called[] =>
  procedures
    .filter(({ isMessage, name, args }) => !isMessage && !ending.has(name) && args !== null)
    .filter(({ program }) => program.name !== "keepalive")
    .flatMap((procedure) => {
      const [args] = fc.sample(valueOf(procedure.args ?? ""), { seed, numRuns: 1 })
      // Flags that nobody knows would be the answer to all of it.
      const plain = "flags" in (args as object) ? { ...(args as object), flags: 0 } : args
      return [{ procedure, args: plain }]
    })

const callsAtOnce = 5

class Judge {
  readonly met = { answered: 0, refused: 0 }
  /** Numbers of libvirt's errors that were answered. */
  readonly codes = new Map<number, number>()
  #stage: DaemonStage = daemonStage()
  #hostile: Guest = this.#stage.guest()
  #said = 0

  /** A world that has taken many hostile calls is exchanged for a fresh one. */
  #fresh(): void {
    expect(this.#stage.troubles).toEqual([])
    const other = this.#stage.guest()
    expect(this.#stage.ask(other, [call("CONNECT_GET_HOSTNAME", 1)])).toHaveLength(1)
    this.#hostile.vanish()
    this.#stage = daemonStage()
    this.#hostile = this.#stage.guest()
    this.#said = 0
  }

  #count({ status, payload }: Packet): void {
    this.met[status === 0 ? "answered" : "refused"] += 1
    if (status === 0) return
    const { code } = Result.getOrThrow(decodeError(payload))
    this.codes.set(code, (this.codes.get(code) ?? 0) + 1)
  }

  say(some: readonly Called[]): void {
    for (let at = 0; at < some.length; at += callsAtOnce) {
      const batch = some.slice(at, at + callsAtOnce)
      const packets = batch.flatMap(({ procedure, args }, serial) => {
        const packet = encodeArgs(procedure, serial + 1, args)
        return packet._tag === "Success" ? [packet.success] : []
      })
      const replies = this.#stage.ask(this.#hostile, packets)
      const names = batch.map(({ procedure }) => procedure.name).join(" ")
      expect(this.#stage.troubles, names).toEqual([])
      expect(this.#hostile.isOver, names).toBe(false)
      expect(new Set(replies.map(({ serial }) => serial)).size, names).toBe(packets.length)
      for (const reply of replies) this.#count(reply)
      this.#said += packets.length
      const isLost = this.#stage.engine.published()?.byUuid(runningUuid)?.isActive !== true
      if (isLost || this.#said > 400) this.#fresh()
    }
    this.#fresh()
  }
}

const runningUuid = (() => {
  const hex = domainArgs(2).uuid.toString("hex")
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
})()

const mutants = ({ procedure, args }: Called, slot: 0 | 1 | 2): readonly Called[] => {
  const layout = procedure.args ?? ""
  const base = aimed(args, slot)
  const unaimed = variants(layout, base).map((changed) => ({ procedure, args: changed }))
  return [{ procedure, args: base }, ...unaimed]
}

/** The runs were not trivial: so many of libvirt's errors were met. */
const kindsMin = 8

describe("the handlers, over an engine", () => {
  test.runIf(recorded.length > 0)(
    "answer whatever stands in fields of what clients called",
    () => {
      const judge = new Judge()
      judge.say(heard().flatMap((one) => mutants(one, 2)))
      expect(judge.met.answered).toBeGreaterThan(1_000)
      expect(judge.met.refused).toBeGreaterThan(1_000)
      expect(judge.codes.size).toBeGreaterThan(kindsMin)
    },
    120_000
  )

  test("answer whatever stands in the fields of any procedure's call", () => {
    const judge = new Judge()
    judge.say(drawn(1).flatMap((one) => mutants(one, 1)))
    expect(judge.met.answered).toBeGreaterThan(300)
    expect(judge.met.refused).toBeGreaterThan(5_000)
    expect(judge.codes.size).toBeGreaterThan(kindsMin)
  }, 120_000)

  test("answer documents that are huge, deep, or grow when they are read", () => {
    const judge = new Judge()
    const calls = procedures
      .filter(({ isMessage, args }) => !isMessage && args !== null)
      .flatMap((procedure) => {
        const [args] = fc.sample(valueOf(procedure.args ?? ""), { seed: 2, numRuns: 1 })
        const fields = Object.keys(args as object).filter((key) => /xml|desc|doc/i.test(key))
        return fields.flatMap((field) =>
          bombs.map((bomb) => {
            const hostile = { ...(aimed(args, 2) as object), [field]: bomb, flags: 0 }
            return { procedure, args: hostile }
          })
        )
      })
    judge.say(calls)
    expect(calls.length).toBeGreaterThan(50)
    expect(judge.met.refused).toBeGreaterThan(50)
  }, 120_000)
})

const mebibytes = (count: number, part: string): string =>
  part.repeat(Math.floor((count * 1024 * 1024) / part.length))

const entities = [
  `<!DOCTYPE d [<!ENTITY a "${"x".repeat(1_000)}"><!ENTITY b "${"&a;".repeat(1_000)}">]>`,
  `<domain>${"&b;".repeat(1_000)}</domain>`
].join("")
const manyAttributes = Array.from({ length: 50_000 }, (_, at) => `a${at}='1'`).join(" ")
const longPath = `<target><path>/${mebibytes(3, "a/")}</path></target>`
const longMetadata = `<metadata>${mebibytes(3, "<m xmlns='u'/>")}</metadata>`

/** Each within the 4 MiB that a string of the protocol may have. */
const bombs: readonly string[] = [
  mebibytes(3.9, "x"),
  `<domain type='qemu'><name>${mebibytes(3.5, "x")}</name></domain>`,
  mebibytes(3.9, "<a>"),
  `<domain type='qemu'>${mebibytes(1, "<a>")}`,
  `<domain ${manyAttributes}/>`,
  entities,
  `<pool type='dir'><name>p</name>${longPath}</pool>`,
  `<domain type='qemu'><name>n</name>${longMetadata}</domain>`
]
