/**
 * Goal: the test guest does what its listing says, on both boards, and its bytes are its text.
 * Method: bare QEMU under TCG, driven over QMP and the serial line; the text is assembled by NASM.
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { expect, test } from "vitest"
import { guestImage, guestLines, guestOrders } from "../../src/cli/demo/guest.ts"
import { guestListing } from "../../src/cli/demo/guest-listing.ts"
import { startBareQemu } from "./bare-qemu.ts"
import { debianPackage } from "./debian.ts"

const boot = (machine: string, disk = "virtio-blk-pci,drive=disk") =>
  startBareQemu({
    machine,
    args: async (directory) => {
      const file = join(directory, "guest.img")
      await writeFile(file, guestImage())
      const drive = `file=${file},format=raw,if=none,id=disk`
      return ["-drive", drive, "-device", disk, "-device", "pvpanic"]
    }
  })

const boards = ["pc", "q35"] as const

test.each(boards)("boots, counts seconds and powers off at the button, on %s", async (board) => {
  await using qemu = await boot(board)
  await qemu.line(guestLines.up)
  expect(await qemu.line(guestLines.tick)).toBe("tick 1")
  expect(await qemu.line(guestLines.tick)).toBe("tick 2")
  await qemu.command("system_powerdown")
  await qemu.line(guestLines.powerButton)
  const { data } = await qemu.event("SHUTDOWN")
  expect(data).toEqual({ guest: true, reason: "guest-shutdown" })
})

test.each(boards)("obeys the button as soon as it has said that it is up, on %s", async (board) => {
  await using qemu = await boot(board)
  await qemu.line(guestLines.up)
  await qemu.command("system_powerdown")
  await qemu.line(guestLines.powerButton)
})

test.each(boards)("reboots when asked and comes up again, on %s", async (board) => {
  await using qemu = await boot(board)
  await qemu.line(guestLines.up)
  qemu.send(guestOrders.reboot)
  await qemu.line(guestLines.reboot)
  const { data } = await qemu.event("RESET")
  expect(data).toEqual({ guest: true, reason: "guest-reset" })
  await qemu.line(guestLines.up)
  expect(await qemu.line(guestLines.tick)).toBe("tick 1")
})

test.each(boards)("powers off when asked, on %s", async (board) => {
  await using qemu = await boot(board)
  await qemu.line(guestLines.up)
  qemu.send(guestOrders.powerOff)
  await qemu.line(guestLines.off)
  const { data } = await qemu.event("SHUTDOWN")
  expect(data).toEqual({ guest: true, reason: "guest-shutdown" })
})

test("ignores the power button after it was halted, and a reset revives it", async () => {
  await using qemu = await boot("pc")
  await qemu.line(guestLines.up)
  qemu.send(guestOrders.halt)
  await qemu.line(guestLines.halt)
  await qemu.command("system_powerdown")
  await qemu.event("POWERDOWN")
  // A guest that listens answers within one timer interrupt, 55 ms; a reset before that would
  // hide the answer. One that had powered off would stay stopped after the reset, and say nothing.
  await sleep(500)
  expect(await qemu.command("query-status")).toMatchObject({ status: "running" })
  await qemu.command("system_reset")
  await qemu.line(guestLines.up)
})

test("panics when asked", async () => {
  await using qemu = await boot("pc")
  await qemu.line(guestLines.up)
  qemu.send(guestOrders.panic)
  await qemu.line(guestLines.panic)
  await qemu.event("GUEST_PANICKED")
})

test("resumes its count after a pause", async () => {
  await using qemu = await boot("pc")
  expect(await qemu.line(guestLines.tick)).toBe("tick 1")
  await qemu.command("stop")
  await qemu.event("STOP")
  await qemu.command("cont")
  expect(await qemu.line(guestLines.tick)).toBe("tick 2")
})

test.each([
  ["pc", "ide-hd,drive=disk"],
  ["q35", "ide-hd,drive=disk"]
])("boots from the disk controller of %s", async (board, disk) => {
  await using qemu = await boot(board, disk)
  await qemu.line(guestLines.up)
})

test("is one boot sector that leaves the partition table empty", () => {
  const image = guestImage()
  expect(image).toHaveLength(1024 * 1024)
  expect([...image.subarray(510, 512)]).toEqual([0x55, 0xaa])
  expect(image.subarray(440, 510).every((byte) => byte === 0)).toBe(true)
  expect(image.subarray(512).every((byte) => byte === 0)).toBe(true)
})

test("has the bytes that its text assembles to", { timeout: 600_000 }, async () => {
  const nasm = join(await debianPackage("nasm"), "usr/bin/nasm")
  const text = guestListing
    .split("\n")
    .map((line) => line.replace(/^[0-9a-f]{4} {2}[0-9a-f]+ +/, ""))
    .join("\n")
  const directory = mkdtempSync(join(tmpdir(), "troupe-nasm-"))
  try {
    const [source, output] = [join(directory, "guest.asm"), join(directory, "guest.bin")]
    writeFileSync(source, `cpu 386\nbits 16\norg 0x7c00\n${text}`)
    execFileSync(nasm, ["-f", "bin", "-o", output, source])
    const assembled = readFileSync(output)
    const image = guestImage().subarray(0, 440)
    expect(assembled.length).toBeGreaterThan(300)
    expect([...assembled]).toEqual([...image.subarray(0, assembled.length)])
    expect(image.subarray(assembled.length).every((byte) => byte === 0)).toBe(true)
  } finally {
    rmSync(directory, { recursive: true })
  }
})
