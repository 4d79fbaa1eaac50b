/**
 * Goal: a definition that asks for UEFI gets the host's firmware and variables of its own, copied
 * from the template once and kept; also as another account, and with an image that it names itself.
 * Method: real QEMU under TCG with Debian's ovmf; the firmware shows by what it says on the serial
 * line and writes into its variables.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { outcome, until } from "../engine/harness.ts"
import { type Guest, nobody, ownerOf, ownGuest, withConfig, wordsOf } from "./stage.ts"

const code = "/usr/share/OVMF/OVMF_CODE_4M.fd"
const variables = "/usr/share/OVMF/OVMF_VARS_4M.fd"

const withFirmware =
  (os: string, loader: string) =>
  (xml: string): string =>
    xml
      .replace("<os>", os)
      .replace("</type>", `</type>${loader}`)
      .replace("<memory unit='MiB'>32", "<memory unit='MiB'>128")

/** Its boot manager says what it boots, when it has read its variables and found its devices. */
const hasBooted = ({ said }: Guest): Promise<void> =>
  until("the firmware's boot manager to speak", () => said().includes("BdsDxe"), 120_000)

test("firmware='efi' boots the host's firmware with variables of the guest's own", () =>
  withConfig(['user = "nobody"', 'group = "nogroup"'], async (engine, bench) => {
    const edit = withFirmware("<os firmware='efi'>", "")
    const guest = ownGuest(bench, "web", edit)
    const ref = await engine.define(guest.definition)
    const nvram = join(bench.root, "lib/qemu/nvram/web_VARS.fd")
    await engine.start(ref)
    expect(wordsOf(ref).join(" ")).toContain(code)
    expect(ownerOf(nvram)).toEqual(nobody)
    expect(fs.statSync(nvram).size).toBe(fs.statSync(variables).size)
    await hasBooted(guest)
    await engine.destroy(ref)
    expect(ownerOf(nvram)).toEqual({ uid: 0, gid: 0 })
    expect(fs.readFileSync(nvram).equals(fs.readFileSync(variables))).toBe(false)
    const { ino } = fs.statSync(nvram)
    await engine.start(ref)
    expect(fs.statSync(nvram).ino).toBe(ino)
    await engine.destroy(ref)
  }))

test("an image that the definition names has its template from the config", () => {
  const folder = fs.mkdtempSync("/tmp/tf-")
  const [own, template] = [join(folder, "code.fd"), join(folder, "vars.fd")]
  fs.copyFileSync(code, own)
  fs.copyFileSync(variables, template)
  return withConfig([`nvram = [ "${own}:${template}" ]`], async (engine, bench) => {
    const loader = `<loader readonly='yes' type='pflash'>${own}</loader>`
    const edit = withFirmware("<os>", loader)
    const guest = ownGuest(bench, "web", edit)
    const ref = await engine.define(guest.definition)
    await engine.start(ref)
    const nvram = join(bench.root, "lib/qemu/nvram/web_VARS.fd")
    expect(fs.statSync(nvram).size).toBe(fs.statSync(template).size)
    await hasBooted(guest)
    await engine.destroy(ref)
  }).finally(() => fs.rmSync(folder, { recursive: true }))
})

test("a template that is not there is named, and nothing is left", () =>
  withConfig([], async (engine, bench) => {
    const loader =
      `<loader readonly='yes' type='pflash'>${code}</loader>` +
      "<nvram template='/nowhere/vars.fd'/>"
    const edit = withFirmware("<os>", loader)
    const guest = ownGuest(bench, "web", edit)
    const ref = await engine.define(guest.definition)
    expect(String(await outcome(engine.start(ref)))).toContain("/nowhere/vars.fd")
    expect(fs.existsSync(join(bench.root, "lib/qemu/nvram/web_VARS.fd"))).toBe(false)
  }))
