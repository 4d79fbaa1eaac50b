/**
 * Where an engine lives on this host when nobody says: its root, a run directory that is short
 * enough for sockets, and the QEMU of an architecture. Makes the directories above the root; what
 * is in it is the store's.
 */
import * as fs from "node:fs"
import { dirname, isAbsolute, join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import type { Place } from "./engine/engine.ts"
import { faultOf, StoreError } from "./store/error.ts"
import { runPathBytesMax } from "./store/layout.ts"
import { sha256 } from "./store/sha256.ts"

export interface PlaceOptions {
  /**
   * By default $TROUPE_ROOT, else `/var/lib/troupe` for root, `$XDG_STATE_HOME/troupe` for others.
   */
  readonly root?: string | undefined
  /** Sockets and status. By default in the root, or elsewhere when that path is too long. */
  readonly run?: string | undefined
}

const uid = (): number => process.getuid?.() ?? -1

const homeOf = (): string => process.env["HOME"] ?? "/"

/** XDG's variables count only when they are absolute. */
const directoryIn = (variable: string): string | undefined => {
  const path = process.env[variable]
  return path !== undefined && isAbsolute(path) ? path : undefined
}

/** The setting TROUPE_ROOT, or the usual place of this user's lasting state. */
export const defaultRoot = (): string => {
  const set = process.env["TROUPE_ROOT"]
  if (set !== undefined && set !== "") return set
  if (uid() === 0) return "/var/lib/troupe"
  return join(directoryIn("XDG_STATE_HOME") ?? join(homeOf(), ".local/state"), "troupe")
}

/** Sockets under these have room; the name tells roots apart. */
const shortRunOf = (root: string): string => {
  const runtime = directoryIn("XDG_RUNTIME_DIR")
  const base =
    uid() === 0
      ? "/run/troupe"
      : runtime === undefined
        ? `/tmp/troupe-${uid()}`
        : join(runtime, "troupe")
  return join(base, sha256(new TextEncoder().encode(root)).slice(0, 12))
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error)

const attempt = <A>(deed: string, path: string, run: () => A): Effect.Effect<A, StoreError> =>
  Effect.try({
    try: run,
    catch: (error) => {
      const because = codeOf(error)
      return new StoreError({ deed, path, fault: faultOf(because), because, isUnchanged: true })
    }
  })

const linkAt = (path: string): string | undefined => {
  try {
    return fs.readlinkSync(path)
  } catch {
    return undefined
  }
}

/** In a directory of everybody's, what somebody else has put under our name is not taken. */
const checkOwner = (path: string): void => {
  const { uid: owner, mode } = fs.lstatSync(path)
  if (owner !== uid() || (mode & 0o022) !== 0)
    throw Object.assign(new Error("it belongs to somebody else"), { code: "EPERM" })
}

/**
 * The run directory of a root whose own path is too long. `ROOT/run` is a link to it, so that the
 * next engine finds the guests of this one, whatever its environment says.
 */
const linkRun = (root: string): string => {
  const link = join(root, "run")
  fs.mkdirSync(root, { recursive: true, mode: 0o711 })
  let target = linkAt(link)
  if (target === undefined) {
    try {
      fs.symlinkSync(shortRunOf(root), link)
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error
    }
    target = linkAt(link) ?? link
  }
  fs.mkdirSync(target, { recursive: true, mode: 0o711 })
  checkOwner(target)
  checkOwner(dirname(target))
  return target
}

/** The absolute places, with the directories above the root made. */
export const findPlace = (options: PlaceOptions): Effect.Effect<Place, StoreError> => {
  const root = resolve(options.root ?? defaultRoot())
  return attempt("prepare the root", root, () => {
    fs.mkdirSync(dirname(root), { recursive: true, mode: 0o711 })
    if (options.run !== undefined) {
      const run = resolve(options.run)
      fs.mkdirSync(dirname(run), { recursive: true, mode: 0o711 })
      return { root, run }
    }
    const run = join(root, "run")
    const isShort = Buffer.byteLength(run) <= runPathBytesMax && linkAt(run) === undefined
    return { root, run: isShort ? run : linkRun(root) }
  })
}

const hostArch: { readonly [arch: string]: string } = { x64: "x86_64", arm64: "aarch64" }

const isProgram = (path: string): boolean => {
  try {
    fs.accessSync(path, fs.constants.X_OK)
    return fs.statSync(path).isFile()
  } catch {
    return false
  }
}

/** QEMU for an architecture, from PATH. Where there is none, the path that is tried in vain. */
export const emulatorFor = (arch: string | undefined): string => {
  const wanted = arch ?? hostArch[process.arch] ?? process.arch
  const names = wanted === "i686" ? ["i386", "x86_64"] : [wanted]
  const directories = (process.env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(":")
  const candidates = names.flatMap((name) =>
    directories.filter(isAbsolute).map((directory) => join(directory, `qemu-system-${name}`))
  )
  return candidates.find(isProgram) ?? `/usr/bin/qemu-system-${names[0]}`
}
