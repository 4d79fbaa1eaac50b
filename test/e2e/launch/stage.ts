/**
 * What the tests of launches share: engines with a config of their own, guests whose image is
 * theirs alone, and a look at a QEMU from outside, by /proc and the file system.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import type { DomainRef } from "../../../actors/domain/domain.ts"
import { guestDomainXml, guestImage } from "../../../src/cli/demo/guest.ts"
import type { Domain as Definition } from "../../../src/model/domain.ts"
import { type Bench, type Engine, freshUuid, onBench, parse, pidOf } from "../engine/harness.ts"

/** Runs a test with one engine whose qemu.conf has these lines. */
export const withConfig = (
  lines: readonly string[],
  test: (engine: Engine, bench: Bench) => Promise<void>
): Promise<void> =>
  onBench(async (bench) => {
    configure(bench, lines)
    await test(await bench.open(), bench)
  })

export const configure = (bench: Bench, lines: readonly string[]): void => {
  // Another account passes through to what is its own.
  fs.chmodSync(bench.directory, 0o711)
  fs.mkdirSync(join(bench.root, "etc"), { recursive: true, mode: 0o711 })
  fs.writeFileSync(join(bench.root, "etc/qemu.conf"), lines.map((line) => `${line}\n`).join(""))
}

export interface Guest {
  readonly definition: Definition
  readonly xml: string
  readonly uuid: string
  readonly imagePath: string
  readonly serialPath: string
  readonly said: () => string
}

/** A guest with an image that only it has, of mode 0600. `more` goes before `</devices>`. */
export const ownGuest = (
  bench: Bench,
  name: string,
  edit: (xml: string) => string = (xml) => xml
): Guest => {
  const uuid = freshUuid()
  const imagePath = join(bench.directory, `${name}.img`)
  fs.writeFileSync(imagePath, guestImage(), { mode: 0o600 })
  const serialPath = join(bench.directory, `${name}.serial`)
  const serial = { kind: "file", path: serialPath } as const
  const xml = edit(guestDomainXml({ name, uuid, diskPath: imagePath, serial }))
  const said = () => (fs.existsSync(serialPath) ? fs.readFileSync(serialPath, "latin1") : "")
  return { definition: parse(xml), xml, uuid, imagePath, serialPath, said }
}

/** Adds devices to a definition. */
export const withDevices =
  (...elements: readonly string[]) =>
  (xml: string): string =>
    xml.replace("</devices>", `${elements.join("")}</devices>`)

export interface Ids {
  readonly uid: number
  readonly gid: number
}

export const ownerOf = (path: string): Ids => {
  const { uid, gid } = fs.lstatSync(path)
  return { uid, gid }
}

const procText = (ref: DomainRef, name: string): string =>
  fs.readFileSync(`/proc/${pidOf(ref)}/${name}`, "latin1")

/** Real, effective, saved and file system id, as numbers. */
export const idsOf = (ref: DomainRef) => {
  const status = procText(ref, "status")
  const numbers = (name: string) =>
    (new RegExp(`^${name}:(.*)$`, "m").exec(status)?.[1] ?? "")
      .trim()
      .split(/\s+/)
      .filter((word) => word !== "")
      .map(Number)
  return { uids: numbers("Uid"), gids: numbers("Gid"), groups: numbers("Groups") }
}

/** Soft and hard limit, by the kernel's own label. */
export const limitOf = (ref: DomainRef, label: string): readonly string[] => {
  const row = procText(ref, "limits")
    .split("\n")
    .find((line) => line.startsWith(label))
  return (row ?? "").slice(label.length).trim().split(/\s+/).slice(0, 2)
}

export const wordsOf = (ref: DomainRef): readonly string[] =>
  procText(ref, "cmdline").split("\0").slice(0, -1)

export const logOf = (bench: Bench, name: string): string =>
  join(bench.root, "log/qemu", `${name}.log`)

/** Every status record of the root, as text. */
export const statusesOf = (bench: Bench): readonly { path: string; text: string }[] => {
  const folder = join(bench.root, "run/status")
  const names = fs.readdirSync(folder).filter((name) => !name.startsWith("."))
  return names.map((name) => {
    const path = join(folder, name)
    return { path, text: fs.readFileSync(path, "utf8") }
  })
}

/** Whether we may raise a hard limit (CAP_SYS_RESOURCE): root in a container often may not. */
export const mayRaiseLimits = (): boolean => {
  const status = fs.readFileSync("/proc/self/status", "latin1")
  const held = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`)
  return (held & (1n << 24n)) !== 0n
}

export const nobody: Ids = { uid: 65_534, gid: 65_534 }
