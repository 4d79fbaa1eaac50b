/**
 * Goal: whatever a definition says, the answer is a command line or a typed refusal; never an
 * exception.
 * Method: guests with any devices that the model can hold, on both boards, and any definitions at
 * all, are prepared and built with taps for every card.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import type { Device } from "../../../src/model/device.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { validateDomain } from "../../../src/model/validate.ts"
import { buildArgv } from "../../../src/qemu/argv/argv.ts"
import { defaultArgvConfig } from "../../../src/qemu/argv/context.ts"
import { macsNeeded, prepareDomain } from "../../../src/qemu/complete.ts"
import {
  capabilities,
  completeOptions,
  domain,
  onQ35,
  resources
} from "../../unit/qemu-argv/fixture.ts"
import { device as anyDevice } from "../xml/arbitrary-device.ts"
import { domain as anyDomain } from "../xml/arbitrary-domain.ts"

const able = { ...capabilities, accelerators: { tcg: true, kvm: "usable" as const } }

const outcomes = ["InvalidDomain", "Unavailable", "Conflict", "NotSupported"]

/** The tag of what came of a definition. */
const outcome = (given: Domain): string => {
  const valid = validateDomain(given)
  if (Result.isFailure(valid)) return valid.failure._tag
  const macs = completeOptions.macs.slice(0, macsNeeded(given))
  const prepared = prepareDomain(given, { ...completeOptions, capabilities: able, macs })
  if (Result.isFailure(prepared)) return prepared.failure._tag
  const taps = Object.fromEntries(
    prepared.success.devices.flatMap((device) =>
      device.kind === "interface" ? [[device.alias ?? "", { fds: [9], vhostFds: [] }]] : []
    )
  )
  const argv = buildArgv(prepared.success, {
    capabilities: able,
    config: defaultArgvConfig,
    resources: { ...resources, taps }
  })
  return Result.isSuccess(argv) ? "built" : argv.failure._tag
}

/** What is kept forbids most starts; it is not what is looked at here. */
const withoutKept = (device: Device): Device =>
  JSON.parse(
    JSON.stringify(device, (key, value: unknown) => {
      if (key === "kept") return undefined
      return typeof value === "bigint" ? Number(value) : value
    })
  )

test("a guest with any devices becomes a command line or is refused", () => {
  const seen = new Map<string, number>()
  const guest = fc.tuple(fc.array(anyDevice, { minLength: 1, maxLength: 3 }), fc.boolean())
  fc.assert(
    fc.property(guest, ([devices, isQ35]) => {
      const found = outcome(domain(devices.map(withoutKept), isQ35 ? onQ35 : {}))
      seen.set(found, (seen.get(found) ?? 0) + 1)
      expect(["built", ...outcomes]).toContain(found)
    }),
    { numRuns: 2000 }
  )
  expect(seen.get("built")).toBeGreaterThan(0)
})

test("any definition at all becomes a command line or is refused", () => {
  fc.assert(
    fc.property(anyDomain, (given) => {
      expect(["built", ...outcomes]).toContain(outcome(given))
    })
  )
})
