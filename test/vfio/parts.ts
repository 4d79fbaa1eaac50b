/**
 * What the disk of the outer guest is made of: programs of this host with the libraries that they
 * need, the kernel's modules in the order in which they are loaded, and Debian packages. Reads
 * only; a part that is missing is told with the package that has it.
 */
import { execFileSync } from "node:child_process"
import { existsSync, globSync, readFileSync, realpathSync } from "node:fs"
import { basename, delimiter, join } from "node:path"

/** A part that the proof cannot do without; its message says how to get it. */
export class Missing extends Error {}

/** The path of a program of this host. */
export function programOf(name: string, remedy: string): string {
  const places = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"]
  const found = places.map((place) => join(place, name)).find((path) => existsSync(path))
  if (found === undefined) throw new Missing(`${name} is missing on this host: ${remedy}`)
  return realpathSync(found)
}

/** The libraries that a program or library needs, the loader among them, as `ldd` finds them. */
export function librariesOf(path: string): readonly string[] {
  const words = execFileSync("ldd", [path], { encoding: "utf8" }).split(/\s+/)
  return words.filter((word) => word.startsWith("/") && existsSync(word))
}

/** The names that a module says it depends on, in its .modinfo section. */
const dependsOf = (module: Uint8Array): readonly string[] => {
  const match = /\0depends=([^\0]*)\0/.exec(Buffer.from(module).toString("latin1"))
  return (match?.[1] ?? "").split(",").filter((name) => name !== "")
}

const moduleName = (path: string): string => basename(path, ".ko").replaceAll("-", "_")

/**
 * The modules wanted and all that they need, each after what it needs. Fails for one that the
 * kernel's package does not have: the cloud kernel, for one, lacks USB and e1000e.
 */
export function modulesIn(
  folder: string,
  wanted: readonly string[]
): ReadonlyMap<string, Uint8Array> {
  const paths = globSync("**/*.ko", { cwd: folder })
  const byName = new Map(paths.map((path) => [moduleName(path), join(folder, path)]))
  const found = new Map<string, Uint8Array>()
  const add = (name: string): void => {
    const path = byName.get(name)
    if (path === undefined) throw new Missing(`${folder} holds no module ${name}`)
    if (found.has(name)) return
    const bytes = readFileSync(path)
    for (const needed of dependsOf(bytes)) add(needed.replaceAll("-", "_"))
    found.set(name, bytes)
  }
  for (const name of wanted) add(name)
  return found
}
