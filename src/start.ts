/**
 * The way into the bundle: refuses an older Node in a sentence, before anything is read that such a
 * one does not understand; has Node keep the compiled program in the user's own cache, which halves
 * the time of each later start, and loads `main.ts`. A checkout's launcher sets the same by itself.
 */
import * as nodeModule from "node:module"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import { olderNode } from "./node-version.ts"

const cacheHome = (): string => {
  const set = process.env["XDG_CACHE_HOME"]
  return set !== undefined && isAbsolute(set) ? set : join(homedir(), ".cache")
}

/** The code of `exitCodes.host`, which an older Node cannot load. */
const hostCode = 7

const older = olderNode(process.versions.node)
if (older !== undefined) {
  process.stderr.write(older)
  process.exit(hostCode)
}

// Not the directory that all users share by default: what is compiled there is run from there. A
// directory that cannot be written costs time, and nothing else.
nodeModule.enableCompileCache(
  process.env["NODE_COMPILE_CACHE"] ?? join(cacheHome(), "troupe", "node")
)

const { ended } = await import("./main.ts")
await ended
