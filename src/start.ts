/**
 * The way into the bundle: has Node keep the compiled program in the user's own cache, which halves
 * the time of each later start, and loads `main.ts`. A checkout's launcher sets the same by itself.
 */
import { enableCompileCache } from "node:module"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"

const cacheHome = (): string => {
  const set = process.env["XDG_CACHE_HOME"]
  return set !== undefined && isAbsolute(set) ? set : join(homedir(), ".cache")
}

// Not the directory that all users share by default: what is compiled there is run from there. A
// directory that cannot be written costs time, and nothing else.
enableCompileCache(process.env["NODE_COMPILE_CACHE"] ?? join(cacheHome(), "troupe", "node"))

const { ended } = await import("./main.ts")
await ended
