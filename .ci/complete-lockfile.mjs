// Adds to package-lock.json the optional packages of other platforms that npm left out.
//
// npm writes no entry for an optional package that the asked registry does not have (a mirror for
// one platform), and `npm ci` then refuses the lockfile everywhere. The entries are determined by
// their parents: exact version, and the platform that stands in the name. Run it after each
// `npm install` that changed the lockfile; with `--check` it changes nothing and exits 1.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const file = join(import.meta.dirname, "../package-lock.json")
const lock = JSON.parse(readFileSync(file, "utf8"))

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony"]
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x"]

const system = (words) =>
  words.includes("win32") ? "win32" : (systems.find((name) => words.includes(name)) ?? "unknown")

const processor = (words) =>
  words.includes("x64") ? "x64" : (processors.find((name) => words.includes(name)) ?? "unknown")

const libc = (words) => {
  if (words.includes("musl") || words.includes("musleabihf")) return { libc: ["musl"] }
  return words.includes("gnu") || words.includes("gnueabihf") ? { libc: ["glibc"] } : {}
}

const entry = (name, version, parent) => {
  const words = name.split(/[-/@]/)
  // WebAssembly runs everywhere, but npm takes it only when asked for by this processor name.
  const cpu = words.includes("wasm32") ? "wasm32" : processor(words)
  const os = words.includes("wasm32") ? {} : { os: [system(words)] }
  const dev = parent.dev === true ? { dev: true } : {}
  return { version, cpu: [cpu], ...dev, ...libc(words), optional: true, ...os }
}

/** The folders in which Node looks for packages of `path`, nearest first. */
const searched = (path) => {
  const own = [`${path}/node_modules/`]
  for (let at = path.lastIndexOf("node_modules/"); at >= 0; ) {
    own.push(path.slice(0, at + "node_modules/".length))
    at = at === 0 ? -1 : path.lastIndexOf("node_modules/", at - 1)
  }
  return own
}

const isExact = (version) => /^\d+\.\d+\.\d+[-.\w]*$/.test(version)

/** The folder that holds `name` for the package at `path`, in the version wanted. */
const holder = (path, name, version) =>
  searched(path).find((folder) => {
    const found = lock.packages[folder + name]
    return found !== undefined && (found.version === version || !isExact(version))
  })

const missing = Object.entries(lock.packages).flatMap(([path, parent]) => {
  const wanted = Object.entries(parent.optionalDependencies ?? {})
  // They go where npm put the one that it found; beneath the parent where another version sits.
  const holders = wanted.map(([name, version]) => holder(path, name, version))
  const folder = holders.find((found) => found !== undefined) ?? "node_modules/"
  return wanted
    .filter((_, index) => holders[index] === undefined)
    .map(([name, version]) => {
      const isTaken = lock.packages[folder + name] !== undefined
      const at = isTaken ? `${path}/node_modules/${name}` : folder + name
      return { path: at, entry: entry(name, version, parent) }
    })
})

const unclear = missing.filter(
  ({ entry: { version, cpu, os } }) =>
    !isExact(version) || cpu[0] === "unknown" || os?.[0] === "unknown"
)
if (unclear.length > 0) {
  const names = unclear.map(({ path }) => path).join(", ")
  console.error(`cannot tell platform or version of: ${names}; add them to the lockfile by hand`)
  process.exit(1)
}

if (missing.length === 0) process.exit(0)
if (process.argv.includes("--check")) {
  console.error(
    `package-lock.json lacks ${missing.length} optional packages of other platforms, and`
  )
  console.error("`npm ci` will refuse it; run: node .ci/complete-lockfile.mjs")
  process.exit(1)
}

for (const { path, entry: added } of missing) lock.packages[path] = added
const paths = Object.keys(lock.packages).sort((a, b) => (a < b ? -1 : 1))
lock.packages = Object.fromEntries(paths.map((path) => [path, lock.packages[path]]))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
console.error(`added ${missing.length} optional packages`)
