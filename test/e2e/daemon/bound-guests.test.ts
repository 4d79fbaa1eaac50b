/**
 * Goal: a guest that was started for the life of a client ends with it, once and in that start
 * only, whichever of client, guest and daemon goes first, and whatever is left of its record.
 * Method: the real daemon, guests of QEMU's without a system, and `virsh start --autodestroy` in a
 * virsh that is killed; what is left is asked of the daemon and of the process table.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { deadWithin, processesOf } from "../engine/processes.ts"
import { scratch, type StartedDaemon, startDaemon, uriOf, virsh } from "./stage.ts"

const guestXml = (name: string): string => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices/>
</domain>`

const patience = { timeout: 30_000 }

const stage = async () => {
  const directory = scratch()
  const root = join(directory, "r")
  onTestFinished(async () => {
    const left = processesOf(root)
    for (const { pid } of left) process.kill(pid, "SIGKILL")
    await deadWithin(left, 10_000)
  })
  const start = () => startDaemon(root)
  const daemon = await start()
  for (const name of ["bound", "free"]) {
    const file = join(directory, `${name}.xml`)
    writeFileSync(file, guestXml(name))
    expect(await virsh(on(daemon), "define", file)).toMatchObject({ code: 0 })
  }
  return { root, daemon, start, guests: () => processesOf(root) }
}

const on = (daemon: StartedDaemon): string => uriOf(daemon.addresses[0] ?? "")
const state = async (daemon: StartedDaemon, name: string): Promise<string> =>
  (await virsh(on(daemon), "domstate", name, "--reason")).out

interface Client {
  readonly child: ChildProcess
  /** Says a line, and waits for what it answers. */
  readonly does: (line: string, answer: string) => Promise<void>
}

/** A virsh that stays. */
const client = (daemon: StartedDaemon): Client => {
  const child = spawn("virsh", ["-c", on(daemon)], { stdio: ["pipe", "pipe", "ignore"] })
  onTestFinished(() => void child.kill("SIGKILL"))
  // It may be killed, and its daemon too.
  child.stdin.on("error", () => undefined)
  let said = ""
  child.stdout.on("data", (chunk) => (said += String(chunk)))
  return {
    child,
    does: async (line, answer) => {
      child.stdin.write(`${line}\n`)
      await expect.poll(() => said, patience).toContain(answer)
    }
  }
}

const started = "Domain 'bound' started"
const bind = async (daemon: StartedDaemon): Promise<Client> => {
  const one = client(daemon)
  await one.does("start --autodestroy bound", started)
  expect(await state(daemon, "bound")).toBe("running (booted)")
  return one
}

test("a guest of start --autodestroy goes with its client, and another stays", async () => {
  const { daemon, guests } = await stage()
  const { child } = await bind(daemon)
  expect(await virsh(on(daemon), "start", "free")).toMatchObject({ code: 0 })
  child.kill("SIGKILL")
  await expect.poll(() => state(daemon, "bound"), patience).toBe("shut off (destroyed)")
  expect(await state(daemon, "free")).toBe("running (booted)")
  expect(guests()).toHaveLength(1)
})

test("a client takes all of its guests along, and those only", async () => {
  const { daemon, guests } = await stage()
  const [one, other] = [await bind(daemon), client(daemon)]
  await other.does("start --autodestroy free", "Domain 'free' started")
  one.child.kill("SIGKILL")
  await expect.poll(() => state(daemon, "bound"), patience).toBe("shut off (destroyed)")
  expect(await state(daemon, "free")).toBe("running (booted)")
  await other.does("start --autodestroy bound", started)
  expect(guests()).toHaveLength(2)
  other.child.kill("SIGKILL")
  await expect.poll(guests, patience).toEqual([])
})

test("a later start of the guest is not the client's any more", async () => {
  const { daemon } = await stage()
  const { child } = await bind(daemon)
  expect(await virsh(on(daemon), "destroy", "bound")).toMatchObject({ code: 0 })
  expect(await virsh(on(daemon), "start", "bound")).toMatchObject({ code: 0 })
  const id = (await virsh(on(daemon), "domid", "bound")).out
  child.kill("SIGKILL")
  // What the client's end leads to is asked for in one line with this client's end.
  const { child: next } = await (async () => {
    const one = client(daemon)
    await one.does("start --autodestroy free", "Domain 'free' started")
    return one
  })()
  next.kill("SIGKILL")
  await expect.poll(() => state(daemon, "free"), patience).toBe("shut off (destroyed)")
  expect(await state(daemon, "bound")).toBe("running (booted)")
  expect((await virsh(on(daemon), "domid", "bound")).out).toBe(id)
})

test("a daemon that is killed takes it along, though the client lives", async () => {
  const { daemon, start, guests } = await stage()
  const { child } = await bind(daemon)
  expect(await virsh(on(daemon), "start", "free")).toMatchObject({ code: 0 })
  daemon.child.kill("SIGKILL")
  await daemon.ended
  // Nobody is there yet who could end it.
  expect(guests()).toHaveLength(2)
  const next = await start()
  await expect.poll(() => state(next, "bound"), patience).toBe("shut off (destroyed)")
  expect(await state(next, "free")).toBe("running (booted)")
  expect(child.exitCode).toBe(null)
  expect(guests()).toHaveLength(1)
})

test("a daemon that ends in order takes it along", async () => {
  const { daemon, start, guests } = await stage()
  await bind(daemon)
  expect(await virsh(on(daemon), "start", "free")).toMatchObject({ code: 0 })
  daemon.child.kill("SIGTERM")
  await daemon.ended
  expect(guests()).toHaveLength(1)
  const next = await start()
  expect(await state(next, "bound")).toMatch(/^shut off/)
  expect(await state(next, "free")).toBe("running (booted)")
})

test("the next daemon ends it also by a record that is damaged", async () => {
  const { root, daemon, start, guests } = await stage()
  await bind(daemon)
  expect(await virsh(on(daemon), "start", "free")).toMatchObject({ code: 0 })
  daemon.child.kill("SIGKILL")
  await daemon.ended
  const folder = join(root, "run/status")
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const record: unknown = JSON.parse(readFileSync(path, "utf8"))
    // Of neither is known any more what its guest runs with.
    writeFileSync(path, JSON.stringify({ ...(record as object), definition: 7 }))
  }
  const next = await start()
  await expect.poll(() => guests().length, patience).toBe(1)
  await expect.poll(() => state(next, "bound"), patience).toMatch(/^shut off/)
  expect(await state(next, "free")).toMatch(/^running/)
})

test("a guest that ends by itself before its client leaves nothing to be done", async () => {
  const { daemon, guests } = await stage()
  const { child } = await bind(daemon)
  const [qemu] = guests()
  if (qemu === undefined) throw new Error("the guest has a process")
  process.kill(qemu.pid, "SIGKILL")
  child.kill("SIGKILL")
  await expect.poll(() => state(daemon, "bound"), patience).toMatch(/^shut off/)
  expect(guests()).toEqual([])
  expect(daemon.said()).not.toContain("mistake")
})
