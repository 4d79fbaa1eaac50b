// Goal: guests outlive the daemon, however it ends, unless they were bound to a client; and that
// client may end in any way. Method: the real daemon, virsh, and guests of QEMU's without a system.
import { spawn } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { processesOf } from "../engine/processes.ts"
import { scratch, type StartedDaemon, startDaemon, uriOf, virsh } from "./stage.ts"

const guestXml = (name: string): string => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices/>
</domain>`

const stage = async () => {
  const directory = scratch()
  const root = join(directory, "r")
  const file = join(directory, "guest.xml")
  writeFileSync(file, guestXml("web"))
  const daemons: StartedDaemon[] = []
  const start = async () => {
    const daemon = await startDaemon(root)
    daemons.push(daemon)
    return daemon
  }
  const on = (daemon: StartedDaemon) => uriOf(daemon.addresses[0] ?? "")
  // By then the daemon has ended, and whatever the test left is nobody's.
  const guests = () => processesOf(root)
  onTestFinished(() => {
    for (const { pid } of guests()) process.kill(pid, "SIGKILL")
  })
  return { guests, start, on, file }
}

const listed = async (uri: string): Promise<string> =>
  (await virsh(uri, "list", "--all", "--name")).out.trim()

const stateOf = async (uri: string): Promise<string> => (await virsh(uri, "domstate", "web")).out

test.each(["SIGTERM", "SIGKILL"] as const)("a guest goes on through %s", async (signal) => {
  const { start, on, file } = await stage()
  const daemon = await start()
  expect(await virsh(on(daemon), "create", file)).toMatchObject({ code: 0 })
  const before = (await virsh(on(daemon), "domid", "web")).out
  daemon.child.kill(signal)
  await daemon.ended
  const next = await start()
  expect(await stateOf(on(next))).toBe("running")
  expect((await virsh(on(next), "domid", "web")).out).toBe(before)
  expect(await virsh(on(next), "destroy", "web")).toMatchObject({ code: 0 })
})

test("a guest that is bound to its client ends when that is killed", async () => {
  const { start, on, file } = await stage()
  const daemon = await start()
  const client = spawn("virsh", ["-c", on(daemon)], { stdio: ["pipe", "pipe", "inherit"] })
  onTestFinished(() => void client.kill("SIGKILL"))
  let said = ""
  client.stdout.on("data", (chunk) => (said += String(chunk)))
  client.stdin.write(`create --autodestroy ${file}\n`)
  await expect.poll(() => said, { timeout: 30_000 }).toContain("created")
  expect(await stateOf(on(daemon))).toBe("running")
  client.kill("SIGKILL")
  await expect.poll(() => listed(on(daemon)), { timeout: 30_000 }).toBe("")
})

test("a guest that is bound to a client does not outlive the daemon either", async () => {
  const { start, on, file } = await stage()
  const daemon = await start()
  const client = spawn("virsh", ["-c", on(daemon)], { stdio: ["pipe", "pipe", "ignore"] })
  onTestFinished(() => void client.kill("SIGKILL"))
  let said = ""
  client.stdout.on("data", (chunk) => (said += String(chunk)))
  client.stdin.write(`create --autodestroy ${file}\n`)
  await expect.poll(() => said, { timeout: 30_000 }).toContain("created")
  daemon.child.kill("SIGKILL")
  await daemon.ended
  const next = await start()
  await expect.poll(() => listed(on(next)), { timeout: 30_000 }).toBe("")
})

test("a client hears of what another one does", async () => {
  const { start, on, file } = await stage()
  const daemon = await start()
  const words = ["-c", on(daemon), "event", "--loop", "--event", "lifecycle"]
  const client = spawn("stdbuf", ["-oL", "virsh", ...words], {
    stdio: ["ignore", "pipe", "ignore"]
  })
  onTestFinished(() => void client.kill("SIGKILL"))
  let said = ""
  client.stdout.on("data", (chunk) => (said += String(chunk)))
  await expect
    .poll(
      async () => {
        await virsh(on(daemon), "create", file)
        await virsh(on(daemon), "destroy", "web")
        return said
      },
      { timeout: 30_000 }
    )
    .toContain("'lifecycle'")
  expect(said).toContain("web")
})

test("a second signal does not wait for calls that are under way", async () => {
  const { guests, start, on, file } = await stage()
  const daemon = await start()
  await virsh(on(daemon), "create", file)
  const [qemu] = guests()
  if (qemu === undefined) throw new Error("the guest has a process")
  process.kill(qemu.pid, "SIGSTOP")
  try {
    // QEMU does not answer, so that this call is under way for long.
    const hanging = virsh(on(daemon), "suspend", "web")
    const control = async () => (await virsh(on(daemon), "domcontrol", "web")).out
    await expect.poll(control, { timeout: 30_000 }).toMatch(/^occupied/)
    daemon.child.kill("SIGTERM")
    await new Promise((done) => setTimeout(done, 300))
    daemon.child.kill("SIGTERM")
    // In order it would have ended with 0.
    expect(await daemon.ended, daemon.said()).toBe(143)
    await hanging
  } finally {
    process.kill(qemu.pid, "SIGCONT")
  }
})
