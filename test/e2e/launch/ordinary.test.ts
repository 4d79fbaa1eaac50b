/**
 * Goal: the engine is whole for an ordinary user: guests with their own network, display, channel,
 * image and log run without any right; what only root may is refused by name.
 * Method: a small program with an engine is run as user 65534 (by setpriv, when the test is root;
 * as we are, when it is not), and its QEMUs are looked at from outside.
 */
import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "vitest"
import { guestDomainXml, guestImage } from "../../../src/cli/demo/guest.ts"
import { patienceMs, until } from "../engine/harness.ts"
import { deadWithin, isDead, processesOf } from "../engine/processes.ts"
import { nobody, withDevices } from "./stage.ts"

const isRoot = process.getuid?.() === 0

const program = join(import.meta.dirname, "engine-program.ts")

const who = isRoot ? nobody : { uid: process.getuid?.() ?? -1, gid: process.getgid?.() ?? -1 }

const become = isRoot
  ? ["setpriv", "--reuid", `${nobody.uid}`, "--regid", `${nobody.gid}`, "--clear-groups"]
  : []

interface Told {
  readonly file: string
  readonly xml?: string
  readonly error?: string
}

/** The first line that it says; its own words when it ends before. */
const firstLine = (child: ChildProcess): Promise<readonly Told[]> =>
  new Promise((resolve, reject) => {
    let said = ""
    let complaints = ""
    child.stderr?.on("data", (bytes) => (complaints += String(bytes)))
    child.stdout?.on("data", (bytes) => {
      said += String(bytes)
      if (said.includes("\n")) resolve(JSON.parse(said.slice(0, said.indexOf("\n"))))
    })
    child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${complaints}`)))
  })

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => {
    if (child.exitCode !== null) resolve(child.exitCode)
    else child.once("exit", resolve)
  })

interface Stage {
  readonly folder: string
  readonly root: string
  /** Writes a guest's image and definition; the definition's path. */
  readonly guest: (name: string, edit?: (xml: string) => string) => string
  readonly run: (...files: readonly string[]) => ChildProcess
}

/** A folder of the ordinary user's, and no process of it left. */
const asOrdinary = async (test: (stage: Stage) => Promise<void>): Promise<void> => {
  const folder = fs.mkdtempSync(join(tmpdir(), "to-"))
  const root = join(folder, "r")
  const children: ChildProcess[] = []
  fs.chownSync(folder, who.uid, who.gid)
  const own = (path: string, content: string | Uint8Array) => {
    fs.writeFileSync(path, content, { mode: 0o600 })
    fs.chownSync(path, who.uid, who.gid)
    return path
  }
  const guest = (name: string, edit: (xml: string) => string = (xml) => xml) => {
    const diskPath = own(join(folder, `${name}.img`), guestImage())
    const serial = { kind: "file", path: join(folder, `${name}.serial`) } as const
    return own(join(folder, `${name}.xml`), edit(guestDomainXml({ name, diskPath, serial })))
  }
  const run = (...files: readonly string[]) => {
    const [command = "", ...words] = [...become, process.execPath, program, root, ...files]
    const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", HOME: folder }
    const child = spawn(command, words, { cwd: folder, env, stdio: "pipe" })
    children.push(child)
    return child
  }
  try {
    await test({ folder, root, guest, run })
  } finally {
    for (const child of children) child.kill("SIGKILL")
    const left = processesOf(root)
    for (const { pid } of left) process.kill(pid, "SIGKILL")
    await deadWithin(left, patienceMs)
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

test("guests run, speak and end without any right", () =>
  asOrdinary(async ({ folder, root, guest, run }) => {
    const web = guest(
      "web",
      withDevices(
        "<interface type='user'><model type='virtio'/></interface>",
        "<graphics type='vnc' autoport='yes' passwd='s3cr3t'/>",
        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>"
      )
    )
    const child = run(web)
    const [told] = await firstLine(child)
    expect(told?.error).toBeUndefined()
    expect(told?.xml).toMatch(/<graphics type='vnc' port='\d+'/)
    const [found] = processesOf(root)
    const status = fs.readFileSync(`/proc/${found?.pid}/status`, "latin1")
    expect(status).toMatch(new RegExp(`^Uid:\\s+${who.uid}\\s+${who.uid}`, "m"))
    if (isRoot) expect(status).toMatch(/^CapEff:\s+0+$/m)
    expect(fs.readFileSync(`/proc/${found?.pid}/cmdline`, "latin1")).not.toContain("s3cr3t")
    await until("the guest to speak", () =>
      fs.readFileSync(join(folder, "web.serial"), "latin1").includes("TROUPE GUEST UP")
    )
    child.stdin?.end()
    expect(await ended(child)).toBe(0)
    expect(isDead(found?.pid ?? -1)).toBe(true)
    expect(fs.readdirSync(join(root, "run")).filter((name) => name !== "status")).toEqual([])
  }))

test("what only root may is refused by name, and costs no other guest anything", () =>
  asOrdinary(async ({ root, guest, run }) => {
    const ethernet = guest("a", withDevices("<interface type='ethernet'/>"))
    const bridged = guest(
      "b",
      withDevices("<interface type='bridge'><source bridge='none-such'/></interface>")
    )
    const plain = guest("c")
    const child = run(ethernet, bridged, plain)
    const [first, second, third] = await firstLine(child)
    expect(first?.error).toContain("only root may make a tap device")
    expect(second?.error).toContain("bridge 'none-such': the host has no such device")
    expect(third?.error).toBeUndefined()
    expect(processesOf(root)).toHaveLength(1)
    child.stdin?.end()
    expect(await ended(child)).toBe(0)
  }))

test("an account of the config that we may not become is refused, our own is ours", () =>
  asOrdinary(async ({ root, guest, run }) => {
    fs.mkdirSync(join(root, "etc"), { recursive: true })
    for (const path of [root, join(root, "etc")]) fs.chownSync(path, who.uid, who.gid)
    const config = join(root, "etc/qemu.conf")
    const plain = guest("web")
    const lines = (uid: number) => `user = "+${uid}"\ngroup = "+${who.gid}"\n`
    fs.writeFileSync(config, lines(1))
    const refused = run(plain)
    expect((await firstLine(refused))[0]?.error).toContain(
      `QEMU cannot run with the config's user '+1': the engine is user ${who.uid}`
    )
    refused.stdin?.end()
    expect(await ended(refused)).toBe(0)
    fs.writeFileSync(config, lines(who.uid))
    const taken = run(plain)
    expect((await firstLine(taken))[0]?.error).toBeUndefined()
    taken.stdin?.end()
    expect(await ended(taken)).toBe(0)
  }))
