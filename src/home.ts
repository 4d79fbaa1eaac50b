/**
 * What the command line knows of the host and the user: places, programs, settings of the
 * environment. Reads them when they are asked for; decides nothing.
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Home } from "./cli/home.ts"
import { lookAtPeer } from "./host/peer.live.ts"
import { defaultRoot, emulatorFor } from "./place.ts"
import { version } from "./version.ts"

/** Sockets are made below it, so a long one is passed over. */
const temporaryDirectory = (): string => (tmpdir().length > 30 ? "/tmp" : tmpdir())

const uid = (): number => process.getuid?.() ?? -1

/** The setting, where it is set to something. */
const setting = (name: string): string | undefined => process.env[name] || undefined

/** A root whose path is too long for sockets has a link in place of its run directory. */
const socketOf = (root: string): string => {
  const run = join(resolve(root), "run")
  try {
    return join(resolve(dirname(run), fs.readlinkSync(run)), "libvirt-sock")
  } catch {
    return join(run, "libvirt-sock")
  }
}

/** Where libvirt's clients look first, and then where our daemon is without a setting. */
const socketPaths = (realm: "system" | "session"): readonly string[] => {
  if (realm === "system") return ["/run/libvirt/libvirt-sock", socketOf("/var/lib/troupe")]
  const runtime = setting("XDG_RUNTIME_DIR") ?? join(setting("HOME") ?? "/", ".cache")
  return [join(runtime, "libvirt/libvirt-sock"), socketOf(defaultRoot())]
}

/** As git does: the setting may have words of its own, so a shell splits it. */
const edit = (path: string) =>
  Effect.callback<number>((resume) => {
    const editor = setting("VISUAL") ?? setting("EDITOR") ?? "vi"
    const child = spawn("/bin/sh", ["-c", `${editor} "$1"`, "sh", path], { stdio: "inherit" })
    child.once("error", () => resume(Effect.succeed(127)))
    child.once("exit", (code) => resume(Effect.succeed(code ?? 1)))
    return Effect.sync(() => void child.kill())
  })

export const layer: Layer.Layer<Home> = Layer.sync(Home, () => ({
  version: version(),
  runtime: `Node ${process.version}`,
  uid: uid(),
  workingDirectory: process.cwd(),
  standardInput: "/dev/stdin",
  temporaryDirectory: temporaryDirectory(),
  defaultRoot: defaultRoot(),
  defaultUri: setting("TROUPE_URI") ?? setting("LIBVIRT_DEFAULT_URI"),
  socketPaths,
  socketOf,
  knowsPeers: () => lookAtPeer() !== undefined,
  edit,
  emulatorFor
}))
