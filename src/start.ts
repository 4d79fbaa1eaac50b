/**
 * The way into the bundle: has Node keep the compiled program in the user's own cache, which halves
 * the time of each later start, and loads `main.ts`. A checkout's launcher sets the same by itself.
 */
import { enableCompileCache } from "node:module"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"
import { setFlagsFromString } from "node:v8"

const cacheHome = (): string => {
  const set = process.env["XDG_CACHE_HOME"]
  return set !== undefined && isAbsolute(set) ? set : join(homedir(), ".cache")
}

// What a call leaves behind is dead by the next collection of the young: a few hundred KiB to copy,
// for which waking other threads and waiting for them costs more than it spares.
setFlagsFromString("--no-parallel-scavenge")

// Not the directory that all users share by default: what is compiled there is run from there. A
// directory that cannot be written costs time, and nothing else.
enableCompileCache(process.env["NODE_COMPILE_CACHE"] ?? join(cacheHome(), "troupe", "node"))

const { ended } = await import("./main.ts")
await ended
