/**
 * Goal: what a pool or a volume says is read as it was written, and what cannot be is refused with
 * a place. Method: random definitions through text and back; sizes in every unit.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import { noFigures, type PoolDefinition, type Volume } from "../../../src/model/storage.ts"
import { formatPool, parsePool } from "../../../src/xml/storage-pool.ts"
import { formatVolume, parseVolume } from "../../../src/xml/storage-volume.ts"

const word = fc
  .stringMatching(/^[A-Za-z0-9 ._<&'"é-]{1,20}$/)
  .filter((text) => text.trim() === text)
const segment = word.filter((text) => text !== "." && text !== "..")
const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((all) => `/${all.join("/")}`)
const account = fc.nat(2 ** 32 - 2)

const permissions = fc.record(
  { mode: fc.nat(0o7777), owner: account, group: account },
  { requiredKeys: [] }
)

const pool: fc.Arbitrary<PoolDefinition> = fc.record({
  type: fc.constant("dir" as const),
  name: word,
  uuid: fc.uuid(),
  target: fc.record({ path, permissions }, { requiredKeys: ["path"] })
})

test("a pool is read as it was written", () => {
  fc.assert(
    fc.property(pool, (definition) => {
      const read = Result.getOrThrow(parsePool(formatPool(definition, noFigures)))
      expect(read).toEqual({ definition, reports: [] })
    })
  )
})

const whole = { capacityBytes: 3, allocationBytes: 2, availableBytes: 1 }

test("a pool looks as libvirt's clients know it", () => {
  const definition: PoolDefinition = {
    type: "dir",
    name: "default",
    uuid: "eb8db382-c4ac-4dbf-83ee-6ed4841acdbd",
    target: { path: "/images", permissions: { mode: 0o711, owner: 0, group: 0 } }
  }
  expect(formatPool(definition, whole)).toBe(`<pool type='dir'>
  <name>default</name>
  <uuid>eb8db382-c4ac-4dbf-83ee-6ed4841acdbd</uuid>
  <capacity unit='bytes'>3</capacity>
  <allocation unit='bytes'>2</allocation>
  <available unit='bytes'>1</available>
  <source/>
  <target>
    <path>/images</path>
    <permissions>
      <mode>0711</mode>
      <owner>0</owner>
      <group>0</group>
    </permissions>
  </target>
</pool>
`)
})

test("slashes that mean nothing are not kept; what climbs is refused", () => {
  const text = (folder: string) =>
    `<pool type='dir'><name>p</name><target><path>${folder}</path></target></pool>`
  const read = (folder: string) =>
    Result.map(parsePool(text(folder)), ({ definition }) => definition.target.path)
  expect(read("//a/./b//")).toEqual(Result.succeed("/a/b"))
  for (const bad of ["a/b", "/a/../b", "", ".."])
    expect([bad, read(bad)._tag]).toEqual([bad, "Failure"])
})

test("what a pool says beyond that is kept, and told of", () => {
  const xml = `<pool type='dir'><name>p</name><features><cow state='no'/></features>
    <target><path>/p</path><other/></target></pool>`
  const { definition, reports } = Result.getOrThrow(parsePool(xml))
  expect(reports.map(({ kind, path: where }) => `${kind} ${where}`)).toEqual([
    "kept /pool/features",
    "unknown /pool/target/other"
  ])
  const written = formatPool({ uuid: "0", ...definition }, noFigures)
  expect(written).toContain("<cow state='no'/>")
  expect(written).toContain("<other/>")
})

const volume: fc.Arbitrary<Volume> = fc.record(
  {
    name: word,
    path,
    format: fc.constantFrom("raw", "qcow2", "vmdk"),
    capacityBytes: fc.maxSafeNat(),
    allocationBytes: fc.maxSafeNat(),
    physicalBytes: fc.maxSafeNat(),
    mode: fc.nat(0o7777),
    owner: account,
    group: account,
    times: fc.record({
      accessedMs: fc.nat(),
      modifiedMs: fc.double({ min: 0, max: 2e12, noNaN: true }),
      changedMs: fc.nat()
    }),
    compat: fc.constantFrom("0.10", "1.1"),
    clusterBytes: fc.constantFrom(512, 65536),
    backing: fc.record({ path, format: fc.constantFrom("raw", "qcow2") }),
    inode: fc.nat()
  },
  {
    requiredKeys: [
      ...(["name", "path", "format", "capacityBytes", "allocationBytes", "physicalBytes"] as const),
      ...(["mode", "owner", "group", "times", "inode"] as const)
    ]
  }
)

test("a volume's own text asks for a volume like it", () => {
  fc.assert(
    fc.property(volume, (one) => {
      const { wish, reports } = Result.getOrThrow(parseVolume(formatVolume(one)))
      expect(reports).toEqual([])
      const { name, capacityBytes, allocationBytes, format, compat, clusterBytes, backing } = one
      const { mode, owner, group } = one
      expect(wish).toMatchObject({ name, capacityBytes, allocationBytes })
      expect(wish.target).toMatchObject({ format, permissions: { mode, owner, group } })
      expect(wish.target?.compat).toBe(compat)
      expect(wish.target?.clusterBytes).toBe(clusterBytes)
      expect(wish.backing).toEqual(backing)
      expect(formatVolume(one)).toMatch(/<mtime>\d+\.\d{9}<\/mtime>/)
    })
  )
})

test("a size is in the unit that stands beside it", () => {
  const units = { B: 1, KB: 1000, KiB: 1024, k: 1024, MiB: 1024 ** 2, G: 1024 ** 3, TB: 1e12 }
  fc.assert(
    fc.property(fc.constantFrom(...Object.entries(units)), fc.nat(9000), ([unit, bytes], size) => {
      const xml = `<volume><name>v</name><capacity unit='${unit}'>${size}</capacity></volume>`
      expect(Result.getOrThrow(parseVolume(xml)).wish.capacityBytes).toBe(size * bytes)
    })
  )
})

test.each(["-1", "1.5", "99999999999999999999", "one"])("'%s' is no size", (size) => {
  const xml = `<volume><name>v</name><capacity>${size}</capacity></volume>`
  expect(parseVolume(xml)).toMatchObject({ failure: { problem: "invalid", line: 1 } })
})
