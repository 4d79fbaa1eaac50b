/**
 * Goal: whatever happens while a card is plugged into a running guest or out of it, host, QEMU,
 * pool and definition agree on who has it, nothing of it is left behind, and the guest goes on.
 * Method: each deed is run once to count what it asks of host and QEMU; then once for each of
 * these, with the engine killed before or after it, or with QEMU failing there. When the next
 * engine has come up, or the deed has been answered, all who have a say are compared; then the
 * guest is ended, and the card is where it came from.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { PlannedFault, Seam } from "../../src/testing/fault.ts"
import { Bench, cardXml, seams } from "./plugging/bench.ts"

interface Deed {
  readonly name: string
  /** The guest is started with the card. */
  readonly with: string
  readonly run: (bench: Bench) => unknown
}

const deeds: readonly Deed[] = [
  { name: "attach", with: "", run: (bench) => bench.attach() },
  {
    name: "detach of what it was started with",
    with: cardXml,
    run: (bench) => bench.detach()
  },
  {
    name: "detach of what was attached",
    with: "",
    run: (bench) => (bench.faults.disarm(), bench.attach(), bench.faults.arm(), bench.detach())
  }
]

/** How often the deed passes each seam. */
const countsOf = (deed: Deed): ReadonlyMap<Seam, number> => {
  const bench = new Bench()
  bench.start(deed.with)
  bench.faults.arm()
  deed.run(bench)
  return new Map(seams.map((seam) => [seam, bench.faults.occurrences(seam)]))
}

const settledMs = 30_000

const hostFaults = ["kill-before", "kill-after"] as const
const qmpFaults = [
  "die-before",
  "die-after",
  "hang",
  "late",
  "refuse",
  "garbage",
  "closed"
] as const

const faultsOf = (counts: ReadonlyMap<Seam, number>): readonly PlannedFault[] =>
  seams.flatMap((seam) => {
    const faults = seam === "qmp" ? qmpFaults : hostFaults
    const places = Array.from({ length: counts.get(seam) ?? 0 }, (_, nth) => nth)
    return places.flatMap((nth) => faults.map((fault) => ({ seam, nth, fault }) as PlannedFault))
  })

/** What they say is one story: the guest has it, or the host has. */
const agreed = [
  {
    isInDefinition: true,
    isInQemu: true,
    isHome: false,
    state: "assigned",
    remembered: [expect.anything()]
  },
  { isInDefinition: false, isInQemu: false, isHome: true, state: "host", remembered: [] }
]

test.each(deeds)("$name: killed or failing at every place, all agree afterwards", (deed) => {
  const counts = countsOf(deed)
  const faults = faultsOf(counts)
  expect(faults.length).toBeGreaterThan(10)
  const met = { attached: 0, home: 0 }
  for (const fault of faults) {
    const where = JSON.stringify(fault)
    const bench = new Bench([fault])
    bench.start(deed.with)
    bench.faults.arm()
    deed.run(bench)
    bench.faults.disarm()
    expect(bench.faults.met, where).toHaveLength(1)
    if (!bench.isUp) bench.open()
    bench.pass(settledMs)
    // What a QEMU that hangs has done nobody can know.
    if (fault.fault !== "hang") expect(agreed, where).toContainEqual(bench.views)
    if (bench.views.isInQemu) met.attached++
    else met.home++
    bench.ask((domain) => domain.destroy())
    bench.pass(settledMs)
    expect(bench.views, where).toEqual(agreed[1])
  }
  expect(met.attached).toBeGreaterThan(0)
  expect(met.home).toBeGreaterThan(0)
})

/** What may be asked of the guest or befall it, whatever else is under way. */
const moves = {
  attach: (bench: Bench) => bench.begin((domain) => domain.attachDevice(cardXml)),
  detach: (bench: Bench) => bench.begin((domain) => domain.detachDevice(cardXml)),
  alias: (bench: Bench) => bench.begin((domain) => domain.detachDeviceAlias("hostdev0")),
  both: (bench: Bench) =>
    bench.begin((domain) => domain.attachDevice(cardXml, { live: true, config: true })),
  suspend: (bench: Bench) => bench.begin((domain) => domain.suspend),
  resume: (bench: Bench) => bench.begin((domain) => domain.resume),
  reset: (bench: Bench) => bench.begin((domain) => domain.reset),
  destroy: (bench: Bench) => bench.begin((domain) => domain.destroy()),
  start: (bench: Bench) => bench.begin((domain) => domain.start()),
  unplug: (bench: Bench) =>
    bench.begin((domain) =>
      domain.guest.monitorCommand('{"execute":"device_del","arguments":{"id":"hostdev0"}}')
    ),
  kill: (bench: Bench) => {
    bench.kill()
    bench.open()
  }
} as const

const move = fc.record({
  what: fc.constantFrom(...(Object.keys(moves) as (keyof typeof moves)[])),
  thenMs: fc.constantFrom(0, 0, 250, 2_000, 8_000)
})

test("whatever is asked at the same time, all agree when it is over", () => {
  const met = { attached: 0, home: 0 }
  fc.assert(
    fc.property(fc.array(move, { minLength: 2, maxLength: 14 }), fc.boolean(), (all, isCold) => {
      const bench = new Bench()
      bench.start(isCold ? cardXml : "")
      for (const { what, thenMs } of all) {
        moves[what](bench)
        bench.pass(thenMs)
      }
      bench.pass(settledMs)
      const { views } = bench
      expect(agreed).toContainEqual(views)
      if (views.isInQemu) met.attached++
      else met.home++
      bench.ask((domain) => domain.destroy())
      bench.pass(settledMs)
      expect(bench.views).toEqual(agreed[1])
    }),
    { numRuns: 120 }
  )
  expect(met.attached).toBeGreaterThan(10)
  expect(met.home).toBeGreaterThan(10)
})
