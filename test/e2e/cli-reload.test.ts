// Goal: SIGHUP has a running `troupe run` read its config again, and its guests go on.
// Method: the real program with a real guest; and the library, whose wrong new config is told while
// the old one stays.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, test } from "vitest"
import { guestDomainXml, guestImage } from "../../src/cli/demo/guest.ts"
import { Troupe } from "../../src/index.ts"

const directory = mkdtempSync(join(tmpdir(), "hup-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

test("a SIGHUP is no end: guests go on, and the program ends in order when asked", async () => {
  const root = join(directory, "root")
  mkdirSync(join(root, "etc"), { recursive: true })
  const diskPath = join(directory, "disk.img")
  writeFileSync(diskPath, guestImage())
  const file = join(directory, "guest.xml")
  const serial = { kind: "file", path: join(directory, "serial") } as const
  writeFileSync(file, guestDomainXml({ name: "hup", diskPath, serial }))
  const program = join(import.meta.dirname, "../../troupe")
  const child = spawn(program, ["run", file, "--root", root], {
    stdio: ["ignore", "pipe", "pipe"]
  })
  let said = ""
  child.stdout.on("data", (chunk) => (said += String(chunk)))
  child.stderr.on("data", (chunk) => (said += String(chunk)))
  const until = async (words: string) => {
    const deadline = performance.now() + 30_000
    while (!said.includes(words)) {
      if (performance.now() > deadline || child.exitCode !== null) throw new Error(said)
      await new Promise((done) => setTimeout(done, 50))
    }
  }
  try {
    await until("tick 1")
    child.kill("SIGHUP")
    await until("tick 3")
    child.kill("SIGTERM")
    const [code] = await once(child, "exit")
    expect(code === 0 || code === 143, said).toBe(true)
  } finally {
    child.kill("SIGKILL")
  }
}, 60_000)

test("the library reloads soon, and keeps the old config when the new one is wrong", async () => {
  const root = join(directory, "library")
  mkdirSync(join(root, "etc"), { recursive: true })
  const config = join(root, "etc/qemu.conf")
  writeFileSync(config, "max_files = 2048\n")
  await using troupe = await Troupe.open({ root })
  const { number } = await troupe.config()
  writeFileSync(config, "max_files = 4096\n")
  troupe.reloadConfigSoon()
  await expect.poll(async () => (await troupe.config()).values.maxFiles).toBe(4096)
  expect((await troupe.config()).number).toBeGreaterThan(number)
  writeFileSync(config, "max_files = [\n")
  troupe.reloadConfigSoon()
  await expect.poll(async () => (await troupe.problems()).length).toBeGreaterThan(0)
  expect((await troupe.config()).values.maxFiles).toBe(4096)
})
