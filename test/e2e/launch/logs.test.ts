/**
 * Goal: what a guest makes QEMU write stays within the bound of the config while it runs: its log,
 * the file of a serial console, and the log of a console; also for the engine that takes it over.
 * Method: a boot sector that writes to COM1 for ever, under TCG; the files are looked at from
 * outside.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { onBench, until } from "../engine/harness.ts"
import { configure, logOf, ownGuest, withConfig } from "./stage.ts"

const bytesMax = 65_536
const lines = [`troupe_log_bytes_max = ${bytesMax}`, "troupe_log_backups_max = 2"]

/** `mov dx, 0x3f8; mov al, 'x'; again: out dx, al; jmp again` */
const floodImage = (): Uint8Array => {
  // The BIOS boots from nothing that is smaller than a cylinder.
  const sector = new Uint8Array(1024 * 1024)
  sector.set([0xba, 0xf8, 0x03, 0xb0, 0x78, 0xee, 0xeb, 0xfd])
  sector.set([0x55, 0xaa], 510)
  return sector
}

const sizeOf = (path: string): number => (fs.existsSync(path) ? fs.statSync(path).size : 0)

/** Both backups are there, neither is past the bound, and there is no third. */
const isBounded = async (path: string): Promise<void> => {
  await until(`two backups of ${path}`, () => fs.existsSync(`${path}.1`))
  // It is cut again and again, and goes on at its end: never a hole where the old words were.
  for (const time of ["first", "second", "third"]) {
    let before = sizeOf(path)
    await until(`${path} to be cut for the ${time} time`, () => {
      const now = sizeOf(path)
      const isCut = now < before
      before = now
      return isCut
    })
  }
  expect(sizeOf(`${path}.0`)).toBeLessThanOrEqual(bytesMax)
  expect(sizeOf(`${path}.1`)).toBeLessThanOrEqual(bytesMax)
  expect(fs.existsSync(`${path}.2`)).toBe(false)
  expect(fs.readFileSync(`${path}.0`, "latin1")).toMatch(/x{100}$/)
}

test("a flood on a serial console that is a file stays bounded", () =>
  withConfig(lines, async (engine, bench) => {
    const { definition, imagePath, serialPath } = ownGuest(bench, "web")
    fs.writeFileSync(imagePath, floodImage())
    const ref = await engine.define(definition)
    await engine.start(ref)
    await isBounded(serialPath)
    await engine.destroy(ref)
  }))

test("a flood in QEMU's own output stays bounded", () =>
  withConfig(lines, async (engine, bench) => {
    const { definition, imagePath } = ownGuest(bench, "web", (xml) =>
      xml.replace(/<serial type='file'>.*?<\/serial>/s, "<serial type='stdio'/>")
    )
    fs.writeFileSync(imagePath, floodImage())
    const ref = await engine.define(definition)
    await engine.start(ref)
    await isBounded(logOf(bench, "web"))
    await engine.destroy(ref)
  }))

test("the log of a console stays bounded under the next engine too", () =>
  onBench(async (bench) => {
    configure(bench, lines)
    const first = await bench.open()
    const log = join(bench.directory, "console.log")
    const { definition, imagePath } = ownGuest(bench, "web", (xml) =>
      xml.replace(
        /<serial type='file'>.*?<\/serial>/s,
        `<serial type='null'><log file='${log}' append='off'/></serial>`
      )
    )
    fs.writeFileSync(imagePath, floodImage())
    fs.writeFileSync(log, "old words")
    await first.start(await first.define(definition))
    await until("the log to begin anew", () => fs.readFileSync(log, "latin1").startsWith("x"))
    await first.close()
    const second = await bench.open()
    await isBounded(log)
    await second.destroy(await second.lookUp("web"))
  }))

test("a console file is begun anew at each start, unless it is to be appended to", () =>
  withConfig([], async (engine, bench) => {
    for (const [name, append] of [
      ["anew", "off"],
      ["more", "on"]
    ]) {
      const { definition, serialPath, said } = ownGuest(bench, name ?? "", (xml) =>
        xml.replace(/(<source path='[^']*\.serial')/, `$1 append='${append}'`)
      )
      fs.writeFileSync(serialPath, "old words\n")
      const ref = await engine.define(definition)
      await engine.start(ref)
      await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
      await engine.destroy(ref)
      expect(said().startsWith("old words")).toBe(append === "on")
    }
  }))
