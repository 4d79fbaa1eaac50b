/**
 * The test's side of `crash-child.ts`: starts engines in processes of their own, gives them orders,
 * knows what they acknowledged, kills them at once. Never leaves one behind.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import * as readline from "node:readline"
import type { Listed, Order, Told } from "./crash-child.ts"
import { isDead } from "./processes.ts"

const program = join(import.meta.dirname, "crash-child.ts")

/** What became of an order: acknowledged, refused, or nobody knows. */
export type Fate =
  | { readonly is: "done"; readonly value: unknown }
  | { readonly is: "refused"; readonly tag: string; readonly message: string }
  | { readonly is: "unknown" }

export class EngineProcess {
  private readonly process: ChildProcess
  private readonly waiting = new Map<number, (fate: Fate) => void>()
  private last = 0
  private stderr = ""
  /** It has loaded its program and takes orders. */
  readonly ready: Promise<Fate>
  private readonly exited: Promise<void>

  /** `before`: a command that ends by running the engine, as `unshare -m` does. */
  constructor(before: readonly string[] = []) {
    const [command = process.execPath, ...words] = [...before, process.execPath, program]
    this.process = spawn(command, words, { stdio: ["pipe", "pipe", "pipe"] })
    this.ready = this.fateOf(0)
    this.exited = new Promise((resolve) => this.process.once("exit", () => resolve()))
    // The output ends after the last acknowledgement, which may come after the exit is seen.
    this.process.once("close", () => {
      for (const resolve of this.waiting.values()) resolve({ is: "unknown" })
      this.waiting.clear()
    })
    this.process.stderr?.on("data", (bytes) => (this.stderr += String(bytes)))
    this.process.stdin?.on("error", () => {})
    if (this.process.stdout === null) throw new Error("it has an output")
    readline.createInterface({ input: this.process.stdout }).on("line", (line) => this.hear(line))
  }

  get pid(): number {
    return this.process.pid ?? -1
  }

  private fateOf(number: number): Promise<Fate> {
    return new Promise((resolve) => this.waiting.set(number, resolve))
  }

  private hear(line: string): void {
    const told = JSON.parse(line) as Told
    const resolve = this.waiting.get(told.number)
    this.waiting.delete(told.number)
    resolve?.(
      told.ok
        ? { is: "done", value: told.value }
        : { is: "refused", tag: told.tag, message: told.message }
    )
  }

  /** Never fails: an order that nobody answers any more is `unknown`. */
  order(order: Order): Promise<Fate> {
    const number = ++this.last
    if (isDead(this.pid)) return Promise.resolve({ is: "unknown" })
    const fate = this.fateOf(number)
    this.process.stdin?.write(`${JSON.stringify({ number, order })}\n`)
    return fate
  }

  /** For what has to succeed; the engine's own words when it does not. */
  async demand(order: Order): Promise<unknown> {
    const fate = await this.order(order)
    if (fate.is === "done") return fate.value
    throw new Error(`${order.op}: ${JSON.stringify(fate)} ${this.stderr}`)
  }

  async list(): Promise<readonly Listed[]> {
    return (await this.demand({ op: "list" })) as readonly Listed[]
  }

  /** SIGKILL, and all that it had said was heard. */
  async kill(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null)
      this.process.kill("SIGKILL")
    await this.exited
    const heard = Array.from(this.waiting.values())
    if (heard.length > 0) await new Promise((resolve) => this.process.once("close", resolve))
  }
}
