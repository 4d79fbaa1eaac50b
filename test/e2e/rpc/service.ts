/**
 * A daemon with Debian's clients against it, for one test. Guests end with it, however it ends:
 * those of its root are found by its id and ended by their pids.
 */
import { execFile, execFileSync } from "node:child_process"
import { existsSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished } from "vitest"
import { scratch, startDaemon, uriOf, virsh } from "../daemon/stage.ts"
import { deadWithin, processesOf } from "../engine/processes.ts"

export interface Said {
  readonly code: number
  readonly out: string
  readonly error: string
}

export interface Service {
  /** For files of the test; gone with it. */
  readonly directory: string
  readonly root: string
  readonly uri: string
  readonly readOnlyUri: string
  readonly virsh: (...words: readonly string[]) => Promise<Said>
  /** What virsh says; the test fails when it fails. */
  readonly does: (...words: readonly string[]) => Promise<string>
  /** What virsh says when it fails; the test fails when it does not. */
  readonly refuses: (...words: readonly string[]) => Promise<string>
  /** All that the daemon has said. */
  readonly said: () => string
}

/** Guests carry their root's id. Dead when this returns. */
const endGuests = async (root: string): Promise<void> => {
  const guests = processesOf(root)
  for (const { pid } of guests) {
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      // It has ended meanwhile.
    }
  }
  await deadWithin(guests, 10_000)
}

export const startService = async (): Promise<Service> => {
  const directory = scratch()
  const root = join(directory, "r")
  onTestFinished(() => endGuests(root))
  const daemon = await startDaemon(root)
  const [socket = "", readOnly = ""] = daemon.addresses
  const uri = uriOf(socket)
  const say = (...words: readonly string[]) => virsh(uri, ...words)
  return {
    directory,
    root,
    uri,
    readOnlyUri: uriOf(readOnly),
    virsh: say,
    does: async (...words) => {
      const { code, out, error } = await say(...words)
      expect({ words, code, error }).toEqual({ words, code: 0, error: "" })
      return out
    },
    refuses: async (...words) => {
      const { code, error } = await say(...words)
      expect({ words, hasFailed: code !== 0 }).toEqual({ words, hasFailed: true })
      return error
    },
    said: daemon.said
  }
}

const packages: { readonly [program: string]: string } = {
  "/usr/bin/virt-install": "virtinst",
  "/usr/lib/python3/dist-packages/libvirt.py": "python3-libvirt"
}

/** Installed by apt where it is missing. */
export const needed = (path: string): string => {
  if (!existsSync(path))
    execFileSync("apt-get", ["install", "-qq", "-y", packages[path] ?? path], { stdio: "ignore" })
  return path
}

/** A program to its end; its output, and its errors when it fails. */
export const runs = (program: string, words: readonly string[], timeoutMs = 150_000) =>
  new Promise<string>((resolve, reject) => {
    const env = { ...process.env, LC_ALL: "C" }
    execFile(program, [...words], { env, timeout: timeoutMs }, (failure, out, error) =>
      failure === null ? resolve(out) : reject(new Error(`${failure.message}\n${out}\n${error}`))
    )
  })

/** A python program that is given the connection's URI as its first word. */
export const python = (
  { directory, uri }: Service,
  program: string,
  ...words: readonly string[]
): Promise<string> => {
  needed("/usr/lib/python3/dist-packages/libvirt.py")
  const path = join(directory, "client.py")
  writeFileSync(path, program)
  return runs("/usr/bin/python3", [path, uri, ...words])
}
