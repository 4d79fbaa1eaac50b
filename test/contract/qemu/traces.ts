/**
 * Recorded conversations of the engine with real QEMUs, one JSON line an entry, so that the
 * acceptor is tried where no QEMU is installed. `TROUPE_KEEP_TRACES=1` writes them anew.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import type { TraceEntry } from "../../../src/testing/qemu/accept.ts"

const folder = join(import.meta.dirname, "traces")

const fileOf = (name: string): string =>
  join(folder, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.jsonl`)

/** Paths of this run say nothing to a reader. */
const withoutPaths = (text: string): string =>
  text.replaceAll(/\/tmp\/tq-[A-Za-z0-9]+/g, "/t").replaceAll(/node\)/g, "x)")

export const keepTrace = (name: string, trace: readonly TraceEntry[]): void => {
  if (process.env["TROUPE_KEEP_TRACES"] !== "1") return
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(
    fileOf(name),
    trace.map((entry) => `${withoutPaths(JSON.stringify(entry))}\n`).join("")
  )
}

export interface KeptTrace {
  readonly name: string
  readonly trace: readonly TraceEntry[]
}

export const keptTraces = (): readonly KeptTrace[] =>
  fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .toSorted()
    .map((name) => ({
      name,
      trace: fs
        .readFileSync(join(folder, name), "utf8")
        .trim()
        .split("\n")
        .map((line): TraceEntry => JSON.parse(line))
    }))
