/**
 * Goal: the Linux guest of the tests boots, powers off at the power button, and reboots when told.
 * Method: bare QEMU under TCG with Debian's kernel and our initial file system; the archive's form
 * is checked by busybox's own cpio.
 */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { expect, test } from "vitest"
import { startBareQemu } from "../bare-qemu.ts"
import { debianPackage } from "../debian.ts"
import { cpio } from "./cpio.ts"
import { linuxGuest, linuxLines, linuxMemoryMiB, linuxOrders } from "./linux-guest.ts"

/**
 * The first run fetches 40 MB of packages; a boot under TCG takes some seconds on a free machine.
 */
const patience = { timeout: 600_000 }

const boot = async (machine: string) => {
  const { kernel, initrd, cmdline } = await linuxGuest()
  return startBareQemu({
    machine,
    memoryMiB: linuxMemoryMiB,
    args: () => ["-kernel", kernel, "-initrd", initrd, "-append", cmdline]
  })
}

test("boots on pc and powers off at the power button", patience, async () => {
  await using qemu = await boot("pc")
  expect(await qemu.line(linuxLines.up)).toMatch(/-cloud-amd64$/)
  await qemu.command("system_powerdown")
  await qemu.line(linuxLines.powerButton)
  const { data } = await qemu.event("SHUTDOWN")
  expect(data).toEqual({ guest: true, reason: "guest-shutdown" })
})

test("boots on q35, reboots when told, and powers off when told", patience, async () => {
  await using qemu = await boot("q35")
  await qemu.line(linuxLines.up)
  qemu.send(linuxOrders.reboot)
  await qemu.line(linuxLines.reboot)
  await qemu.event("RESET")
  await qemu.line(linuxLines.up)
  qemu.send(linuxOrders.powerOff)
  const { data } = await qemu.event("SHUTDOWN")
  expect(data).toEqual({ guest: true, reason: "guest-shutdown" })
})

test("an archive lists as what went in, whatever the lengths", patience, async () => {
  const busybox = join(await debianPackage("busybox-static"), "bin/busybox")
  const names = ["a", "ab", "abc", "abcd", "abcde"]
  const entries = names.map((path, at) => ({
    path,
    kind: "file" as const,
    content: new TextEncoder().encode("x".repeat(at))
  }))
  const archive = cpio([{ path: "folder", kind: "folder" }, ...entries])
  const listed = spawnSync(busybox, ["cpio", "-itv"], { input: archive, encoding: "utf8" })
  expect(listed.status).toBe(0)
  const seen = listed.stdout
    .trim()
    .split("\n")
    .map((line) => line.split(/\s+/))
  expect(seen.map((words) => [words[0], words[2], words.at(-1)])).toEqual([
    ["drwxr-xr-x", "0", "folder"],
    ...names.map((name, at) => ["-rwxr-xr-x", String(at), name])
  ])
})
