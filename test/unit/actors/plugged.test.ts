/**
 * Goal: after a defect of its actor a guest goes on with the device that was just being plugged in,
 * as its record has it; nothing else of the record overtakes what was published.
 * Method: definitions and records by hand.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { withRemembered } from "../../../actors/domain/plugged.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { domainText } from "../../../src/store/domain-text.ts"
import type { StatusRecord } from "../../../src/store/status.ts"
import { parseDomain } from "../../../src/xml/domain.ts"

const guest = (devices: string, title = ""): Domain =>
  Result.getOrThrow(
    parseDomain(
      `<domain type='qemu'><name>web</name><title>${title}</title><memory>1024</memory>
      <vcpu>1</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>
      <devices>${devices}</devices></domain>`,
      { uuid: "00000000-0000-4000-8000-000000000001", kind: "active" }
    )
  ).domain

const card = (slot: number) => `<hostdev mode='subsystem' type='pci'><alias name='hostdev${slot}'/>
  <source><address domain='0' bus='3' slot='${slot}' function='0'/></source></hostdev>`

const recordOf = (live: Domain, ...aliases: readonly string[]): StatusRecord => ({
  uuid: live.uuid,
  name: live.name,
  epoch: "1.1",
  token: "t",
  monitorPath: "/m",
  id: 1,
  phase: "running",
  state: "running",
  reason: "booted",
  isTransient: false,
  definition: domainText(live, "active"),
  reservations: { pci: [], usb: [], ports: [] },
  plugged: aliases.map((alias) => ({ alias, pool: "pci", device: alias, isManaged: true })),
  startedAtMs: 0
})

const aliasesOf = ({ devices }: Domain) =>
  devices.flatMap((device) => (device.kind === "hostdev" ? (device.alias ?? []) : []))

test("what was being plugged in is in the definition, and nothing else of the record", () => {
  const published = guest(card(0), "new")
  const remembered = guest(card(0) + card(1), "old")
  const live = withRemembered(published, recordOf(remembered, "hostdev0", "hostdev1"))
  expect(aliasesOf(live)).toEqual(["hostdev0", "hostdev1"])
  expect(live.title).toBe("new")
})

test("without a record, or with one that cannot be read, the published one stays", () => {
  const published = guest(card(0))
  expect(withRemembered(published, undefined)).toBe(published)
  const broken = { ...recordOf(guest(card(1)), "hostdev1"), definition: "<domain" }
  expect(withRemembered(published, broken)).toBe(published)
  expect(withRemembered(published, recordOf(published, "hostdev0"))).toBe(published)
})
