/**
 * A real QEMU whose monitor is its standard streams: started with given words, asked some commands,
 * and gone. Owns one process at a time; nothing is left of it, also when it misbehaves.
 */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"

/** Long enough for a loaded machine; ending here is a failure, not a measurement. */
const patienceMs = 60_000

export interface QmpQuestion {
  readonly execute: string
  readonly arguments?: object
}

export interface QmpReply {
  readonly return?: unknown
  readonly error?: { readonly class: string; readonly desc: string }
}

const monitorWords = ["-chardev", "stdio,id=qmp,signal=off", "-mon", "chardev=qmp,mode=control"]

/** The answers to `questions`, in order; rejects with QEMU's own words when it ends before them. */
export async function converse(
  [program, ...words]: readonly [string, ...string[]],
  questions: readonly QmpQuestion[]
): Promise<readonly QmpReply[]> {
  // The kernel kills QEMU when the test's process dies, however it dies.
  const args = ["--pdeathsig", "KILL", program, ...words, ...monitorWords]
  const child = spawn("setpriv", args, { stdio: ["pipe", "pipe", "pipe"] })
  const exited = new Promise<void>((resolve) => child.once("close", () => resolve()))
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs)
  let told = ""
  child.stderr.on("data", (bytes: Buffer) => {
    told += bytes.toString()
  })
  child.stdin.on("error", () => undefined)
  const all = [{ execute: "qmp_capabilities" }, ...questions, { execute: "quit" }]
  for (const question of all) child.stdin.write(`${JSON.stringify(question)}\n`)
  const replies: QmpReply[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    // The path of a pseudo-terminal is told on the same stream.
    if (!line.startsWith("{")) continue
    const message: QmpReply & { readonly event?: string } = JSON.parse(line)
    if (message.return !== undefined || message.error !== undefined) replies.push(message)
    if (replies.length === all.length) break
  }
  await exited
  clearTimeout(timer)
  if (replies.length < all.length) throw new Error(`QEMU ended before it answered: ${told}`)
  return replies.slice(1, -1)
}
