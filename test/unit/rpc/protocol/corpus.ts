/**
 * The recorded packets of the shared corpus, as the tests of the protocol read them.
 */
import { existsSync, readFileSync } from "node:fs"
import { join, resolve } from "node:path"

const file = join(
  resolve(import.meta.dirname, "../../../..", process.env["TROUPE_SHARED"] ?? "../shared"),
  "corpus/rpc/frames.jsonl"
)

export interface Frame {
  readonly program: "R" | "Q" | "KA" | "L" | "A"
  readonly procedure: number
  readonly name: string
  readonly type: "CALL" | "REPLY" | "MESSAGE" | "STREAM" | "HOLE" | "REPLY_FDS"
  readonly status: "OK" | "ERROR" | "CONTINUE"
  readonly from: "client" | "server"
  /** Hexadecimal: what stands behind the header. */
  readonly payload: string
}

/** Why the recorded packets cannot be read here, or undefined. */
export const whyAbsent: string | undefined = existsSync(file)
  ? undefined
  : `no recorded packets at ${file}: set TROUPE_SHARED to the folder that has corpus/`

export const frames: readonly Frame[] =
  whyAbsent === undefined
    ? readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line): Frame => JSON.parse(line))
    : []
