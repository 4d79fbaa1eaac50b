/**
 * One process for each mutant, a few at a time: a mutant may hang, eat all memory or end its
 * process, and must not be left in the next one's modules.
 */
import { spawn } from "node:child_process"
import { join } from "node:path"
import type { Task } from "./run-mutant.ts"

const program = join(import.meta.dirname, "run-mutant.ts")
const heapMiB = 1536

export interface Ended {
  /** Its one line, when it got so far. */
  readonly line: string | undefined
  /** Why there is none. */
  readonly died: string | undefined
  /** What it said last: a seed, or a stack. */
  readonly lastWords: string
}

const wordsMax = 4000

/** Runs one process to its end, at most so long. */
export const runChild = (task: Task, wallSeconds: number): Promise<Ended> =>
  new Promise((resolve) => {
    const args = [`--max-old-space-size=${heapMiB}`, program, JSON.stringify(task)]
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] })
    let out = ""
    let words = ""
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      child.kill("SIGKILL")
    }, wallSeconds * 1000)
    child.stdout.on("data", (bytes: Buffer) => (out += String(bytes)))
    child.stderr.on("data", (bytes: Buffer) => (words = (words + String(bytes)).slice(-wordsMax)))
    child.on("close", (code, signal) => {
      clearTimeout(timer)
      const line = code === 0 ? out.trim().split("\n").at(-1) : undefined
      const how = isLate ? `no end within ${wallSeconds} s` : `it ended with ${signal ?? code}`
      resolve({ line, died: line === undefined ? how : undefined, lastWords: words.trim() })
    })
  })

/** Does `work` on each item, at most `width` at a time; the results in the items' order. */
export const inParallel = async <A, B>(
  items: readonly A[],
  width: number,
  work: (item: A) => Promise<B>
): Promise<readonly B[]> => {
  const results: B[] = []
  let next = 0
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at]
      if (item !== undefined) results[at] = await work(item)
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}
