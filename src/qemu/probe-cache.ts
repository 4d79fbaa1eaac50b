/**
 * What probes found, on disk: QEMU's answers as they were, per binary, and per boot whether KVM
 * runs guests. Nothing here is ever believed on its face: what is not of this format, this binary,
 * these questions, this boot, or not whole, counts as absent and is asked again.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { Ids } from "../base/ids.ts"
import { Files } from "../host/files.ts"
import { formatJson, isObject, type Json, type JsonObject, parseJson } from "../qmp/json.ts"
import { capabilityQueries, cpuQueries, type KvmState, type QmpAnswer } from "./capabilities.ts"
import { type ModelFeatures, modelsFromKept } from "./probe-models.ts"

/** Raise it when the files change; answers of another format are asked again. */
const format = 1

/** Answers of QEMU 7.2 take 0.5 MB. */
const fileBytesMax = 32 * 1024 * 1024

/** Which binary: another file, or the same one changed, is another. */
export interface BinaryIdentity {
  /** As it was asked for; perhaps a link. */
  readonly binary: string
  /** The file itself. */
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
  readonly inode: number
  readonly device: number
}

export interface KeptAnswers {
  readonly common: readonly QmpAnswer[]
  readonly cpus: { readonly tcg: readonly QmpAnswer[] }
}

export interface KeptKvm {
  readonly state: KvmState
  readonly cpus: readonly QmpAnswer[] | undefined
}

type Kind = "answers" | "kvm" | "models"

/** A name of its own for each path: the path itself, encoded, as far as a file name goes. */
const fileFor = (directory: string, kind: Kind, { path }: BinaryIdentity): string => {
  const encoded = encodeURIComponent(path).replaceAll("%2F", "+")
  return `${directory}/${kind}-${encoded.slice(-160)}-${checksum(path)}.json`
}

/** FNV-1a over UTF-16 units, 64 bits: finds a torn or rotten file, proves nothing to an enemy. */
const checksum = (text: string): string => {
  let high = 0xcbf29ce4
  let low = 0x84222325
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    high = Math.imul(high ^ (code >>> 3), 0x01000193) >>> 0
    low = Math.imul(low ^ code, 0x01000193) >>> 0
  }
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0")
}

/** The questions are part of what answers answer. */
const questions = checksum(
  JSON.stringify([capabilityQueries, cpuQueries("tcg"), cpuQueries("kvm")])
)

/** Everything that must be the same for a file to count. */
const stampOf = ({ path, size, mtimeMs, inode, device }: BinaryIdentity, boot: string): string =>
  JSON.stringify([format, questions, path, size, mtimeMs, inode, device, boot])

const read = Effect.fnUntraced(
  function* (path: string, stamp: string) {
    const files = yield* Files
    const text = new TextDecoder().decode(yield* files.read(path, fileBytesMax))
    const [head = "", body = ""] = text.split("\n", 2)
    if (head !== headOf(stamp, body)) return undefined
    return Result.getOrUndefined(parseJson(body))
  },
  Effect.catch(() => Effect.succeed(undefined))
)

const headOf = (stamp: string, body: string): string => `${checksum(body)} ${stamp}`

/** Whole or not at all, by renaming; a failure is nobody's concern but the next probe's. */
const write = Effect.fnUntraced(
  function* (path: string, stamp: string, value: Json) {
    const files = yield* Files
    const ids = yield* Ids
    const body = formatJson(value)
    if (Result.isFailure(body)) return
    const temporary = `${path}.${yield* ids.token}`
    const written = Effect.gen(function* () {
      const file = yield* files.open(temporary, "create", 0o600)
      const text = `${headOf(stamp, body.success)}\n${body.success}\n`
      yield* Effect.ensuring(files.write(file, new TextEncoder().encode(text)), files.close(file))
      yield* files.rename(temporary, path)
    })
    yield* Effect.onError(written, () => Effect.ignore(files.unlink(temporary)))
  },
  Effect.uninterruptible,
  (effect) => Effect.ignore(effect)
)

/** Without a boot id (no /proc) nothing about KVM is kept across engines. */
const bootId = Effect.gen(function* () {
  const files = yield* Files
  const bytes = yield* files.read("/proc/sys/kernel/random/boot_id", 128)
  return new TextDecoder().decode(bytes).trim()
}).pipe(Effect.catch(() => Effect.succeed(undefined)))

export const keptAnswers = Effect.fnUntraced(function* (
  directory: string,
  identity: BinaryIdentity
) {
  const kept = yield* read(fileFor(directory, "answers", identity), stampOf(identity, ""))
  const common = isObject(kept) ? answersIn(kept["common"]) : undefined
  const tcg = isObject(kept) ? answersIn(kept["tcg"]) : undefined
  if (common === undefined || tcg === undefined) return undefined
  const answers: KeptAnswers = { common, cpus: { tcg } }
  return answers
})

export const keepAnswers = (
  directory: string,
  identity: BinaryIdentity,
  { common, cpus }: { readonly common: readonly QmpAnswer[]; readonly cpus: AnswersByAccelerator }
) => {
  const value = { common: toJson(common), tcg: toJson(cpus.tcg ?? []) }
  return write(fileFor(directory, "answers", identity), stampOf(identity, ""), value)
}

type AnswersByAccelerator = { readonly tcg?: readonly QmpAnswer[] }

export const keptKvm = Effect.fnUntraced(function* (directory: string, identity: BinaryIdentity) {
  const boot = yield* bootId
  if (boot === undefined) return undefined
  const kept = yield* read(fileFor(directory, "kvm", identity), stampOf(identity, boot))
  if (!isObject(kept)) return undefined
  const cpus = kept["cpus"] === null ? undefined : answersIn(kept["cpus"])
  const state = stateIn(kept["state"])
  if (state === undefined || (state === "usable" && cpus === undefined)) return undefined
  const kvm: KeptKvm = { state, cpus }
  return kvm
})

export const keepKvm = Effect.fnUntraced(function* (
  directory: string,
  identity: BinaryIdentity,
  { state, cpus }: KeptKvm
) {
  const boot = yield* bootId
  if (boot === undefined) return
  const value = {
    state: typeof state === "string" ? state : { unusable: state.unusable },
    cpus: cpus === undefined ? null : toJson(cpus)
  }
  yield* write(fileFor(directory, "kvm", identity), stampOf(identity, boot), value)
})

/** What they were made of is no raw answer: a change of its form raises this. */
const modelsFormat = "models 1"

export const keptModels = Effect.fnUntraced(function* (
  directory: string,
  identity: BinaryIdentity
) {
  const path = fileFor(directory, "models", identity)
  return modelsFromKept(yield* read(path, stampOf(identity, modelsFormat)))
})

export const keepModels = (
  directory: string,
  identity: BinaryIdentity,
  models: readonly ModelFeatures[]
) => {
  // What is not known is left out, as JSON has it.
  const rows = JSON.parse(JSON.stringify(models)) as Json
  return write(fileFor(directory, "models", identity), stampOf(identity, modelsFormat), rows)
}

const stateIn = (value: Json | undefined): KvmState | undefined => {
  if (value === "usable") return value
  const why = isObject(value) ? value["unusable"] : undefined
  return typeof why === "string" ? { unusable: why } : undefined
}

/** They came over QMP, or from a file of the right checksum: JSON through and through. */
const toJson = (answers: readonly QmpAnswer[]): Json => answers as readonly object[] as Json

const answersIn = (value: Json | undefined): readonly QmpAnswer[] | undefined => {
  if (!Array.isArray(value)) return undefined
  const rows = value.filter(
    (row: Json): row is JsonObject & { readonly execute: string } =>
      isObject(row) && typeof row["execute"] === "string"
  )
  return rows.length === value.length ? rows : undefined
}
