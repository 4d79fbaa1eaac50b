/**
 * Goal: a guest that leaves the choice of firmware to the host gets the first image that has what
 * it asks for, and one that names its image keeps it.
 * Method: a host with three descriptors, definitions that ask for different things.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import type { Domain } from "../../../src/model/domain.ts"
import type { Os } from "../../../src/model/machine.ts"
import { completeDomain, prepareDomain } from "../../../src/qemu/complete.ts"
import { firmwaresFrom } from "../../../src/qemu/firmware.ts"
import { completeOptions, domain } from "./fixture.ts"

const descriptor = (name: string, features: readonly string[], machines = ["pc-q35-*"]) => ({
  name: `${name}.json`,
  text: JSON.stringify({
    description: name,
    "interface-types": ["uefi"],
    mapping: {
      device: "flash",
      executable: { filename: `/fw/${name}.fd`, format: "raw" },
      "nvram-template": { filename: `/fw/${name}_VARS.fd`, format: "raw" }
    },
    targets: [{ architecture: "x86_64", machines }],
    features
  })
})

const secure = descriptor("10-secure", ["secure-boot", "enrolled-keys", "requires-smm"])
const plain = descriptor("20-plain", [], ["pc-q35-*", "pc-i440fx-*"])

const firmwares = firmwaresFrom([[plain, secure]])

const guest = (os: Partial<Os>, rest: Partial<Domain> = {}): Domain =>
  domain([], {
    os: { type: "hvm", machine: "q35", firmware: "efi", firmwareFeatures: [], boot: [], ...os },
    ...rest
  })

const prepare = (given: Domain) => prepareDomain(given, { ...completeOptions, firmwares })

const imageOf = (given: Domain): string | undefined =>
  Result.getOrThrow(prepare(given)).os.loader?.path

test("the first by name that fits the board is taken", () => {
  expect(imageOf(guest({}))).toBe("/fw/10-secure.fd")
  expect(imageOf(guest({ machine: "pc" }))).toBe("/fw/20-plain.fd")
})

test("features are asked for and forbidden", () => {
  const ask = (enabled: boolean) => [{ name: "secure-boot", enabled }]
  expect(imageOf(guest({ firmwareFeatures: ask(true) }))).toBe("/fw/10-secure.fd")
  expect(imageOf(guest({ firmwareFeatures: ask(false) }))).toBe("/fw/20-plain.fd")
})

test("an image that needs SMM turns it on, and is not taken where SMM is off", () => {
  expect(Result.getOrThrow(prepare(guest({}))).features.smm?.state).toBe(true)
  const features = { acpi: true, pae: false, viridian: false, privnet: false }
  const off = guest({}, { features: { ...features, smm: { state: false } } })
  expect(imageOf(off)).toBe("/fw/20-plain.fd")
})

test("variables are the guest's own, from the image's template", () => {
  expect(Result.getOrThrow(prepare(guest({}))).os.nvram).toEqual({
    path: "/var/lib/troupe/nvram/guest_VARS.fd",
    template: "/fw/10-secure_VARS.fd"
  })
})

test("the definition keeps asking: the image is chosen at each start", () => {
  const defined = Result.getOrThrow(completeDomain(guest({}), { ...completeOptions, firmwares }))
  expect(defined.os.firmware).toBe("efi")
  expect(defined.os.loader).toBeUndefined()
})

test("an image that the definition names gets the template that belongs to it", () => {
  const loader = { path: "/fw/20-plain.fd", type: "pflash", isReadonly: true } as const
  const os: Os = { type: "hvm", machine: "q35", firmwareFeatures: [], boot: [], loader }
  const prepared = Result.getOrThrow(prepare(domain([], { os })))
  expect(prepared.os.nvram?.template).toBe("/fw/20-plain_VARS.fd")
})

test("a wish that no image fulfils is refused", () => {
  const result = prepare(guest({ firmwareFeatures: [{ name: "amd-sev", enabled: true }] }))
  expect(Result.isFailure(result) && result.failure).toMatchObject({
    _tag: "Unavailable",
    element: "<os firmware='efi'>"
  })
})

test("a later folder overrides by name, an empty file hides, nonsense describes nothing", () => {
  const hidden = { name: secure.name, text: "" }
  const nonsense = { name: "00-nonsense.json", text: "{" }
  const found = firmwaresFrom([
    [plain, secure],
    [hidden, nonsense]
  ])
  expect(found.map(({ description }) => description)).toEqual(["20-plain"])
})
