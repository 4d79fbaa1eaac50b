/**
 * What the tests of other people's clients stand on: a daemon, definitions of guests that boot and
 * obey the power button, and programs of Debian's. Whatever is started here, guests too, ends with
 * its test, and what a program keeps in a home is kept in the test's own folder.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import { guestDomainXml, guestImage } from "../../../src/cli/demo/guest.ts"
import { scratch, type StartedDaemon, startDaemon, uriOf } from "../daemon/stage.ts"
import { deadWithin, processesNaming } from "../engine/processes.ts"

/** Long enough for a loaded machine; a wait that ends here is a failure, not a measurement. */
const patienceMs = 45_000

export const until = async (what: string, holds: () => boolean): Promise<void> => {
  const end = performance.now() + patienceMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${patienceMs} ms for ${what}`)
    await new Promise((done) => setTimeout(done, 20))
  }
}

const isThere = (path: string): boolean => existsSync(path)

/** Debian's packages of these programs or files; installed by apt where one is missing. */
export const needs = (packages: { readonly [path: string]: string }): void => {
  const missing = Object.keys(packages).filter((path) => !isThere(path))
  const names = missing.map((path) => packages[path] ?? path)
  if (names.length === 0) return
  // Another test file may be installing something at this moment.
  const patient = "--option=DPkg::Lock::Timeout=300"
  const words = ["install", "-qq", "-y", patient, "--no-install-recommends", ...names]
  execFileSync("apt-get", words, { stdio: "ignore" })
}

/** A program under way. */
export interface Client {
  readonly child: ChildProcess
  /** All that it wrote, of both kinds. */
  readonly said: () => string
  /** What it wrote on its standard output. */
  readonly out: () => string
  /** Waits until it has said that, or throws with what it said instead. */
  readonly says: (words: string | RegExp) => Promise<void>
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string | null>
}

export interface ClientOptions {
  readonly env?: { readonly [name: string]: string }
}

/** Starts a program in a process group of its own, which is ended with the test. */
export const client = (
  program: string,
  words: readonly string[],
  { env = {} }: ClientOptions = {}
): Client => {
  const child = spawn(program, words, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C.UTF-8", PYTHONDONTWRITEBYTECODE: "1", ...env },
    detached: true
  })
  let out = ""
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text
    said += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text))
  const ended = new Promise<number | string | null>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", (code, signal) => resolve(code ?? signal))
  })
  let hasEnded = false
  const noted = ended.then(
    () => (hasEnded = true),
    () => (hasEnded = true)
  )
  onTestFinished(async () => {
    endGroup(child.pid)
    await noted
  })
  const holds = (words: string | RegExp) =>
    typeof words === "string" ? said.includes(words) : words.test(said)
  return {
    child,
    said: () => said,
    out: () => out,
    says: async (words) => {
      await until(`${program} to say ${words}`, () => holds(words) || hasEnded).catch((error) => {
        throw new Error(`${error}; it said:\n${said.slice(-4_000)}`)
      })
      if (!holds(words)) throw new Error(`${program} ended; it said:\n${said.slice(-4_000)}`)
    },
    ended
  }
}

/** The program and what it started, which are one process group. */
const endGroup = (pid: number | undefined): void => {
  if (pid === undefined) return
  try {
    process.kill(-pid, "SIGKILL")
  } catch {
    // Nobody of it is left.
  }
}

/** A program to its end: what it wrote on standard output; throws with its words when it fails. */
export const runs = async (
  program: string,
  words: readonly string[],
  options: ClientOptions = {}
): Promise<string> => {
  const running = client(program, words, options)
  const code = await running.ended
  if (code !== 0) throw new Error(`${program} ended with ${code}:\n${running.said()}`)
  return running.out()
}

/** Lines of JSON that a script tells: what came of what it asked, by that. */
export const told = (out: string): { readonly [what: string]: unknown } =>
  Object.fromEntries(
    out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as { what: string; value: unknown })
      .map(({ what, value }) => [what, value])
  )

const uuidOf = (name: string): string =>
  `00000000-0000-4000-8000-${Buffer.from(name).toString("hex").padStart(12, "0").slice(-12)}`

export interface Stage {
  readonly daemon: StartedDaemon
  readonly directory: string
  readonly uri: string
  readonly readOnlyUri: string
  /** Writes NAME.xml, a guest that can be booted, with more devices; the path. */
  readonly definition: (name: string, more?: Guest) => string
  /** How many connections there are with the daemon now. */
  readonly connections: () => number
}

export interface Guest {
  /** XML of further devices. */
  readonly devices?: string
  /** The serial line is a terminal that a client opens; by default it is a file, NAME.serial. */
  readonly hasConsole?: boolean
}

/**
 * Rows of /proc/net/unix: the daemon's ends of connections have state 3, and the name under which
 * its socket was made before it was put in its place.
 */
const connectionsOf = (socket: string): number =>
  readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , , , state, , path]) => state === "03" && path === `${socket}~`).length

/** Guests that have files in this folder end with the test: a daemon leaves them running. */
export const endGuestsOf = (directory: string): void => {
  onTestFinished(async () => {
    const guests = processesNaming(directory)
    for (const { pid } of guests) process.kill(pid, "SIGKILL")
    await deadWithin(guests, patienceMs)
  })
}

/** Writes NAME.xml, a guest that can be booted, with more devices; the path. */
export const writeDefinition = (
  directory: string,
  name: string,
  { devices = "", hasConsole = false }: Guest = {}
): string => {
  // A disk each: QEMU locks what it writes to.
  const diskPath = join(directory, `${name}.raw`)
  writeFileSync(diskPath, guestImage())
  const file = { kind: "file", path: join(directory, `${name}.serial`) } as const
  const serial = hasConsole ? ({ kind: "pty" } as const) : file
  const xml = guestDomainXml({ name, uuid: uuidOf(name), diskPath, serial })
  const path = join(directory, `${name}.xml`)
  writeFileSync(path, xml.replace("</devices>", `${devices}</devices>`))
  return path
}

/** A daemon for one test. */
export const stage = async (): Promise<Stage> => {
  const directory = scratch()
  // Before the daemon: what is registered first is run last, and the daemon is dead by then.
  endGuestsOf(directory)
  const daemon = await startDaemon(join(directory, "r"))
  const [socket = "", readOnly = ""] = daemon.addresses
  return {
    daemon,
    directory,
    uri: uriOf(socket),
    readOnlyUri: uriOf(readOnly),
    definition: (name, more) => writeDefinition(directory, name, more),
    connections: () => connectionsOf(socket)
  }
}
