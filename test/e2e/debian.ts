/**
 * Debian packages unpacked into the checkout's cache, for what only tests need (a Linux kernel, a
 * static busybox, an assembler). Needs apt and the archive at the first use, never root, and
 * installs nothing. Two test files may ask at the same time: the last step is one rename.
 */
import { execFile } from "node:child_process"
import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** The checkout's cache folder; ignored by git, safe to delete. */
export const cacheFolder = join(import.meta.dirname, "../../.cache")

const ownApt = join(cacheFolder, "apt")

/** apt's own state in our folder, for when the system has no package lists and we are not root. */
const ownAptOptions = [
  `--option=Dir::State::lists=${join(ownApt, "lists")}`,
  `--option=Dir::Cache=${join(ownApt, "cache")}`,
  "--option=Debug::NoLocking=1"
]

let aptOptions: readonly string[] = []

const apt = async (program: string, args: readonly string[], directory: string) => {
  const limits = { cwd: directory, timeout: 300_000, maxBuffer: 16 * 1024 * 1024 }
  const { stdout } = await run(program, [...aptOptions, ...args], limits)
  return stdout
}

/** Fetches package lists of our own when the system's know nothing of `name`. */
const ensureLists = async (name: string) => {
  const known = await apt("apt-cache", ["show", "--no-all-versions", name], "/").catch(() => "")
  if (known !== "") return
  await mkdir(join(ownApt, "lists/partial"), { recursive: true })
  await mkdir(join(ownApt, "cache/archives/partial"), { recursive: true })
  aptOptions = ownAptOptions
  await apt("apt-get", ["-q", "update"], "/")
}

/**
 * The folder that holds the package's files (`usr/bin/...`), fetched at the first use.
 * Rejects with apt's own words when the archive cannot be reached.
 */
export async function debianPackage(name: string): Promise<string> {
  const folder = join(cacheFolder, "debian", name)
  if (existsSync(folder)) return folder
  await ensureLists(name)
  await mkdir(join(cacheFolder, "debian"), { recursive: true })
  const work = await mkdtemp(join(cacheFolder, "debian", ".fetch-"))
  try {
    await apt("apt-get", ["-q", "download", name], work)
    const deb = (await readdir(work)).find((file) => file.endsWith(".deb"))
    if (deb === undefined) throw new Error(`apt-get download ${name} fetched no package`)
    await run("dpkg-deb", ["-x", join(work, deb), join(work, "files")])
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
  await ensureLists(name)
  const list = await apt("apt-cache", ["depends", "--important", name], "/")
  const found = [...list.matchAll(/Depends: (\S+)/g)].map(([, dependency = ""]) => dependency)
  const match = found.find((dependency) => pattern.test(dependency))
  if (match === undefined) throw new Error(`${name} depends on no package like ${pattern}`)
  return match
}
