/**
 * Debian packages unpacked into the checkout's cache, for what only tests need (a Linux kernel, a
 * static busybox, an assembler). Needs apt and the archive at the first use, never root, and
 * installs nothing. Two test files may ask at the same time: the last step is one rename.
 */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** The checkout's cache folder; ignored by git, safe to delete. */
export const cacheFolder = join(import.meta.dirname, "../../.cache")

/** apt's own state in our folder, for when the system's package lists are missing or old. */
const ownState = join(cacheFolder, "apt")

const optionsFor = (state: string): readonly string[] => [
  `--option=Dir::State::lists=${join(state, "lists")}`,
  `--option=Dir::Cache=${join(state, "cache")}`,
  "--option=Debug::NoLocking=1"
]

let aptOptions: readonly string[] = existsSync(ownState) ? optionsFor(ownState) : []

const apt = async (program: string, args: readonly string[], directory: string) => {
  const limits = { cwd: directory, timeout: 300_000, maxBuffer: 16 * 1024 * 1024 }
  const { stdout } = await run(program, [...aptOptions, ...args], limits)
  return stdout
}

const listsAgeMaxMs = 600_000

const isFresh = async (folder: string): Promise<boolean> => {
  const found = await stat(folder).catch(() => undefined)
  return found !== undefined && Date.now() - found.mtimeMs < listsAgeMaxMs
}

/** Makes package lists of our own, aside and then put in place: several may do it at once. */
const refreshLists = async () => {
  const state = await mkdtemp(join(cacheFolder, ".apt-"))
  await mkdir(join(state, "lists/partial"), { recursive: true })
  await mkdir(join(state, "cache/archives/partial"), { recursive: true })
  await run("apt-get", [...optionsFor(state), "-q", "update"], { timeout: 300_000 })
  // Whoever was faster has lists as new as ours, and may be reading them.
  if (!(await isFresh(ownState))) await rm(ownState, { recursive: true, force: true })
  await rename(state, ownState).catch(() => rm(state, { recursive: true, force: true }))
  aptOptions = optionsFor(ownState)
}

/** Tries again with fresh lists: a package may be unknown, or gone from where the lists say. */
const withLists = async <A>(attempt: () => Promise<A>): Promise<A> => {
  await mkdir(cacheFolder, { recursive: true })
  return attempt().catch(async () => {
    await refreshLists()
    return attempt()
  })
}

const download = async (name: string, directory: string) => {
  await apt("apt-get", ["-q", "download", name], directory)
  const deb = (await readdir(directory)).find((file) => file.endsWith(".deb"))
  if (deb === undefined) throw new Error(`apt-get download ${name} fetched no package`)
  return join(directory, deb)
}

/**
 * The folder that holds the package's files (`usr/bin/...`), fetched at the first use.
 * Rejects with apt's own words when the archive cannot be reached.
 */
export async function debianPackage(name: string): Promise<string> {
  const folder = join(cacheFolder, "debian", name)
  if (existsSync(folder)) return folder
  await mkdir(join(cacheFolder, "debian"), { recursive: true })
  const work = await mkdtemp(join(cacheFolder, "debian", ".fetch-"))
  try {
    const deb = await withLists(() => download(name, work))
    await run("dpkg-deb", ["-x", deb, join(work, "files")])
    await rename(join(work, "files"), folder).catch((error) => {
      // Somebody else was first: their files are the same.
      if (!existsSync(folder)) throw error
    })
    return folder
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** The first package that `name`, a metapackage, depends on and that `pattern` matches. */
export async function dependencyOf(name: string, pattern: RegExp): Promise<string> {
  const args = ["depends", "--important", name]
  return withLists(async () => {
    const list = await apt("apt-cache", args, "/")
    const found = [...list.matchAll(/Depends: (\S+)/g)].map(([, dependency = ""]) => dependency)
    const match = found.find((dependency) => pattern.test(dependency))
    if (match === undefined) throw new Error(`${name} depends on no package like ${pattern}`)
    return match
  })
}
