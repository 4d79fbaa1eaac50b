/**
 * Goal: a change of how much of a machine there is changes that, in the definitions that are meant,
 * and never leaves more in use than there is.
 * Method: generated changes of a definition, live and persistent.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { afterChange, type ResourceValues } from "../../../machines/domain/change.ts"
import { parseDomain } from "../../../src/xml/domain.ts"

const xml = `<domain type='qemu'><name>web</name><memory>1024</memory><vcpu current='1'>2</vcpu>
<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>
<interface type='user'><mac address='52:54:00:00:00:01'/></interface>
<interface type='user'><mac address='52:54:00:00:00:02'/></interface>
<memballoon model='virtio'/></devices></domain>`

const definition = Result.getOrThrow(
  parseDomain(xml, { uuid: "00000000-0000-4000-8000-000000000001" })
).domain

const values: fc.Arbitrary<ResourceValues> = fc.record(
  {
    maximumKiB: fc.integer({ min: 1, max: 9999 }),
    currentKiB: fc.integer({ min: 1, max: 9999 }),
    vcpusMaximum: fc.integer({ min: 1, max: 9 }),
    vcpus: fc.integer({ min: 1, max: 9 }),
    statsPeriodSeconds: fc.nat(9)
  },
  { requiredKeys: [] }
)

const affects = fc.record({ live: fc.boolean(), config: fc.boolean() })

test("what is named changes where it is meant, within its maximum; the rest stays", () => {
  fc.assert(
    fc.property(values, affects, (wanted, meant) => {
      const before = { live: definition, persistent: definition }
      const after = afterChange(before, { type: "resources", affects: meant, values: wanted })
      if (!meant.live) expect(after.live).toBe(definition)
      if (!meant.config) expect(after.persistent).toBe(definition)
      const changed = meant.live ? after.live : after.persistent
      if (changed === undefined || !(meant.live || meant.config)) return
      const { memory, vcpus, devices } = changed
      expect(memory.maximumKiB).toBe(wanted.maximumKiB ?? definition.memory.maximumKiB)
      expect(memory.currentKiB ?? 0).toBeLessThanOrEqual(memory.maximumKiB)
      expect(vcpus.maximum).toBe(wanted.vcpusMaximum ?? 2)
      expect(vcpus.current).toBe(Math.min(wanted.vcpus ?? 1, vcpus.maximum))
      const balloon = devices.find(({ kind }) => kind === "memballoon")
      const period = wanted.statsPeriodSeconds ?? 0
      expect(balloon).toEqual(
        period === 0
          ? expect.not.objectContaining({ statsPeriodSeconds: expect.anything() })
          : expect.objectContaining({ statsPeriodSeconds: period })
      )
    })
  )
})

test("a cable is one card's", () => {
  const { live } = afterChange(
    { live: definition, persistent: undefined },
    { type: "link", affects: "current", mac: "52:54:00:00:00:02", state: "down" }
  )
  const links = live?.devices.flatMap((device) =>
    device.kind === "interface" ? [device.linkState] : []
  )
  expect(links).toEqual([undefined, "down"])
})

test("what becomes of a guest that ends changes where it is meant, and the rest stays", () => {
  fc.assert(
    fc.property(affects, fc.constantFrom("destroy", "restart", "preserve"), (meant, onCrash) => {
      const before = { live: definition, persistent: definition }
      const after = afterChange(before, { type: "actions", affects: meant, values: { onCrash } })
      const changed = { ...definition, onCrash }
      expect(after.live).toEqual(meant.live ? changed : definition)
      expect(after.persistent).toEqual(meant.config ? changed : definition)
    })
  )
})
