/**
 * What the tests of domains over RPC stand on: a daemon with a root of its own, the definition of a
 * guest that boots and obeys the power button, and Debian's clients. Whatever is started here,
 * guests too, ends with its test.
 */
import { execFile, execFileSync, spawn } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, onTestFinished } from "vitest"
import { guestDomainXml, guestImage } from "../../../src/cli/demo/guest.ts"
import { scratch, startDaemon, uriOf, virsh as runVirsh } from "../daemon/stage.ts"
import { deadWithin, processesNaming } from "../engine/processes.ts"

export { runVirsh as virshWith }

/** Long enough for a loaded machine; a wait that ends here is a failure, not a measurement. */
const patienceMs = 30_000

export const until = async (
  what: string,
  holds: () => boolean | Promise<boolean>
): Promise<void> => {
  const end = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited ${patienceMs} ms for ${what}`)
    await new Promise((done) => setTimeout(done, 20))
  }
}

/** A client that goes on running: what it has said so far, and its end. */
export interface Running {
  readonly said: () => string
  readonly say: (line: string) => void
  /** SIGINT, and waits until it has ended. */
  readonly interrupt: () => Promise<void>
}

const running = (program: string, words: readonly string[]): Running => {
  const child = spawn(program, words, { env: { ...process.env, LC_ALL: "C" } })
  let said = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text))
  child.stdin.on("error", () => undefined)
  const ended = new Promise<void>((done) => child.once("close", () => done()))
  onTestFinished(async () => {
    child.kill("SIGKILL")
    await ended
  })
  return {
    said: () => said,
    say: (line) => void child.stdin.write(`${line}\n`),
    interrupt: async () => {
      child.kill("SIGINT")
      await ended
    }
  }
}

export interface Stage {
  readonly directory: string
  readonly uri: string
  readonly readOnlyUri: string
  /** Runs virsh to its end. */
  readonly virsh: (...words: readonly string[]) => ReturnType<typeof runVirsh>
  /** The same where it has to succeed: what it says. */
  readonly ok: (...words: readonly string[]) => Promise<string>
  /** The same where it has to fail: what it says of that. */
  readonly fails: (...words: readonly string[]) => Promise<string>
  readonly runs: (...words: readonly string[]) => Running
  /** Writes the definition of a guest with a uuid of its own, and says where. */
  readonly definition: (name: string, change?: (xml: string) => string) => string
  /** What the guest of this name has said on its serial line. */
  readonly serial: (name: string) => string
}

const uuidOf = (name: string): string =>
  `00000000-0000-4000-8000-${Buffer.from(name).toString("hex").padStart(12, "0").slice(-12)}`

/** A daemon and its clients, for one test. */
export const stage = async (): Promise<Stage> => {
  const directory = scratch()
  onTestFinished(async () => {
    // The daemon is dead by now, and its guests go on: they are the test's to end.
    const guests = processesNaming(directory)
    for (const { pid } of guests) process.kill(pid, "SIGKILL")
    await deadWithin(guests, patienceMs)
  })
  const { addresses } = await startDaemon(join(directory, "r"))
  const [uri = "", readOnlyUri = ""] = addresses.map(uriOf)
  const virsh = (...words: readonly string[]) => runVirsh(uri, ...words)
  const serialPath = (name: string) => join(directory, `${name}.serial`)
  return {
    directory,
    uri,
    readOnlyUri,
    virsh,
    ok: async (...words) => {
      const { code, out, error } = await virsh(...words)
      expect({ words, code, error }).toEqual({ words, code: 0, error: "" })
      return out
    },
    fails: async (...words) => {
      const { code, error } = await virsh(...words)
      expect({ words, code, error }).toMatchObject({ words, code: 1 })
      return error
    },
    runs: (...words) => running("/usr/bin/virsh", ["-c", uri, ...words]),
    definition: (name, change = (xml) => xml) => {
      // A disk each: QEMU locks what it writes to.
      const diskPath = join(directory, `${name}.raw`)
      writeFileSync(diskPath, guestImage())
      const serial = { kind: "file", path: serialPath(name) } as const
      const xml = guestDomainXml({ name, uuid: uuidOf(name), diskPath, serial })
      const path = join(directory, `${name}.xml`)
      writeFileSync(path, change(xml))
      return path
    },
    serial: (name) => (existsSync(serialPath(name)) ? readFileSync(serialPath(name), "utf8") : "")
  }
}

const run = promisify(execFile)

/** Debian's python3 with libvirt's module; installed by apt where it is missing. */
const pythonProgram = (): string => {
  const module = "/usr/lib/python3/dist-packages/libvirt.py"
  if (!existsSync(module))
    execFileSync("apt-get", ["install", "-qq", "-y", "python3-libvirt"], { stdio: "ignore" })
  return "/usr/bin/python3"
}

/** What a script starts with: the module, a connection `c`, and `says` for its last line. */
const prelude = `
import json, sys, threading, time, libvirt
libvirt.registerErrorHandler(lambda *_: None, None)
uri, directory = sys.argv[1:3]
def says(value): print(json.dumps(value))
def outcome(work):
    try:
        work()
        return "done"
    except libvirt.libvirtError as error:
        return [error.get_error_code(), error.get_error_message()]
`

/** Runs a script with libvirt's own client library; the JSON that it says. */
export const python = async ({ uri, directory }: Stage, script: string): Promise<unknown> => {
  const words = ["-c", prelude + script, uri, directory]
  const { stdout } = await run(pythonProgram(), words, { timeout: patienceMs })
  return JSON.parse(stdout)
}
