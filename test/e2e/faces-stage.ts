/**
 * A stage for tests of the faces: a directory of its own with images, definitions and a root,
 * programs that run there, and an end that leaves no process and no file behind, whatever the test
 * did.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { guestDomainXml, guestImage } from "../../src/cli/demo/guest.ts"

const checkout = resolve(import.meta.dirname, "../..")
/** The launcher's: compiled code is kept there, which halves the time of a start. */
const cache = join(checkout, ".cache/node")

/** How a program ended, and what it said. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

export interface Program {
  readonly ended: Promise<Ended>
  readonly kill: (signal: NodeJS.Signals) => void
  /** Returns when standard output matches; fails when the program ends before. */
  readonly says: (pattern: RegExp) => Promise<void>
}

export interface ProgramOptions {
  readonly environment?: { readonly [name: string]: string }
  readonly directory: string
  /** Words before the program's: another user, say. */
  readonly before?: readonly string[]
  /** The program's arguments. */
  readonly after?: readonly string[]
}

const start = (words: readonly string[], options: ProgramOptions): Program => {
  const [command = "", ...rest] = [...(options.before ?? []), ...words]
  const child = spawn(command, rest, {
    cwd: options.directory,
    env: { ...process.env, NO_COLOR: "1", NODE_COMPILE_CACHE: cache, ...options.environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  const said = { out: "", err: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said.out += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said.err += text))
  const ended = new Promise<Ended>((done) =>
    child.on("close", (code, signal) => done({ code, signal, ...said }))
  )
  let isOver = false
  void ended.then(() => (isOver = true))
  const says = async (pattern: RegExp) => {
    while (!pattern.test(said.out)) {
      if (isOver) throw new Error(`it ended and said only:\n${said.out}\n${said.err}`)
      await sleep(20)
    }
  }
  return { ended, says, kill: (signal) => void child.kill(signal) }
}

/** `troupe WORDS` from this checkout. */
export const troupe = (words: readonly string[], options: ProgramOptions): Program =>
  start([process.execPath, join(checkout, "src/main.ts"), ...words], options)

/** A program that imports `troupe` by name, as a user's does. */
export const program = (path: string, options: ProgramOptions): Program =>
  start(
    [
      process.execPath,
      "--conditions=troupe-source",
      join(checkout, path),
      ...(options.after ?? [])
    ],
    options
  )

const commandLine = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1")
  } catch {
    return ""
  }
}

/** QEMU processes whose command line names this directory. A zombie has none, and is dead. */
export const guestsIn = (directory: string): readonly number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const words = commandLine(pid)
      return words.includes(directory) && words.includes("qemu-system")
    })
    .map(Number)

export interface Stage extends AsyncDisposable {
  readonly directory: string
  readonly root: string
  readonly serial: (name: string) => string
  /** The definition of a small guest, whose image is made; also written to `NAME.xml`. */
  readonly definition: (name: string) => string
}

export const setStage = (): Stage => {
  const directory = mkdtempSync(join(tmpdir(), "tf-"))
  return {
    directory,
    root: join(directory, "root"),
    serial: (name) => {
      try {
        return readFileSync(join(directory, `${name}.log`), "latin1")
      } catch {
        return ""
      }
    },
    definition: (name) => {
      const diskPath = join(directory, `${name}.img`)
      writeFileSync(diskPath, guestImage())
      const serial = { kind: "file", path: join(directory, `${name}.log`) } as const
      const xml = guestDomainXml({ name, diskPath, serial })
      writeFileSync(join(directory, `${name}.xml`), xml)
      return xml
    },
    [Symbol.asyncDispose]: async () => {
      for (const pid of guestsIn(directory)) process.kill(pid, "SIGKILL")
      while (guestsIn(directory).length > 0) await sleep(10)
      rmSync(directory, { recursive: true, force: true })
    }
  }
}
