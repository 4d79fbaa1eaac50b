/**
 * Goal: a device is in one place, is given to one holder, changes drivers in one deed at a time,
 * and goes back where it came from, whatever is asked and however deeds end.
 * Method: random requests and endings on the pure chart, with a kernel of a few lines beside it
 * that says where the device really is; each turn is held against the laws, and every state and
 * transition has to be reached.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { type HostdevFact, hostdevMachine, type HostdevRequest } from "../../../machines/hostdev.ts"
import { initialStep, step } from "../../../src/kernel/statechart.ts"
import { Coverage } from "./coverage.ts"

type Snapshot = ReturnType<typeof begin>["next"]
type Event = HostdevRequest | HostdevFact

const begin = (isBound: boolean) => initialStep(hostdevMachine, { device: "d", isBound })
const next = step(hostdevMachine)

/** What a deed does and how it may end; the second and third are what goes wrong. */
const endings: { readonly [deed: string]: readonly string[] } = {
  detach: ["detached", "refused", "failed", "found"],
  reattach: ["reattached", "failed", "refused"],
  reset: ["resetDone", "resetRefused", "failed"],
  look: ["looked"]
}

const transit: { readonly [state: string]: string } = {
  detaching: "detach",
  turning: "detach",
  reattaching: "reattach",
  mending: "reattach",
  resetting: "reset",
  looking: "look"
}

const nobodys: ReadonlySet<string> = new Set([
  "host",
  "detached",
  "turning",
  "resetting",
  "reattaching",
  "lingering",
  "mending",
  "broken"
])

/** The kernel's side: which driver has it; `between` is neither. */
type Place = "host" | "vfio" | "between"

class Device {
  state: Snapshot
  place: Place = "host"
  deed: string | undefined
  /** A deed of before hangs, or of others, and will end. */
  isHanging = false
  readonly coverage: Coverage

  constructor(isBound: boolean, coverage: Coverage) {
    this.state = begin(isBound).next
    this.coverage = coverage
  }

  send(event: Event): void {
    const before = this.state
    const { next: after, actions } = next(before, event)
    this.state = after
    const isRefused = after === before && actions.length === 0
    this.coverage.note({ before, after, message: event, outcome: isRefused ? "refused" : "taken" })
    for (const { type } of actions) {
      expect(this.deed, `${type} begins while ${this.deed} goes on`).toBeUndefined()
      this.deed = type
    }
    this.check(event)
  }

  /** The deed that goes on ends, in one of its ways. */
  end(way: number): void {
    const { deed } = this
    if (deed === undefined) return
    const ways = endings[deed] ?? []
    const { original, isDetached } = this.state.context
    const drawn = ways[way % ways.length] ?? ""
    const ending = drawn === "found" ? this.found : drawn
    this.deed = undefined
    switch (ending) {
      case "detached": {
        // What was detached and is there still stays so; the engine did not put it there again.
        const isFound = isDetached && this.place === "vfio"
        this.place = "vfio"
        return this.send({ type: "detached", original: original ?? "e1000e", isFound })
      }
      case "found":
        // Only where it was with VFIO from the beginning.
        this.place = "vfio"
        return this.send({ type: "detached", original: "vfio-pci", isFound: true })
      case "refused":
        this.isHanging ||= deed === "reattach"
        return this.send({ type: "refused", why: "busy" })
      case "reattached":
        this.place = "host"
        return this.send({ type: "reattached" })
      case "resetDone":
        return this.send({ type: "resetDone", why: undefined })
      case "resetRefused":
        return this.send({ type: "resetDone", why: "no method" })
      case "looked":
        return this.send({ type: "looked", isOnVfio: this.place === "vfio" })
      default:
        // A reset changes no driver.
        if (deed !== "reset") this.place = "between"
        this.isHanging = true
        return this.send({ type: "failed", why: "EIO" })
    }
  }

  /** What the engine has put there is not found there. */
  private get found(): string {
    return this.state.context.original === undefined ? "found" : "detached"
  }

  private check({ type }: Event): void {
    const { value, context } = this.state
    const { holder, original, isDetached, isBound } = context
    const said = `${type} -> ${String(value)}`
    if (transit[String(value)] !== undefined)
      expect(this.deed, `${said}: it is on its way and nothing is done`).toBe(
        transit[String(value)]
      )
    else if (value !== "unknown") expect(this.deed, said).toBeUndefined()
    const isHeld = ["reserved", "assigned"].includes(String(value))
    if (isHeld) expect(holder, `${said}: nobody has it`).toBeDefined()
    if (nobodys.has(String(value))) expect(holder, `${said}: somebody has it`).toBeUndefined()
    // It would never go home.
    if (value === "lingering") expect([original, isDetached], said).toEqual(["e1000e", false])
    if (value === "host") {
      expect(original, said).toBeUndefined()
      expect(isDetached, said).toBe(false)
    }
    if (value === "detached") expect(isDetached, said).toBe(true)
    // A guest never gets a function that is not with VFIO. Of adopted ones QEMU is the proof.
    if (value === "assigned" && isBound && type !== "adopt" && type !== "release")
      expect(this.place, said).toBe("vfio")
  }
}

const holder = (token: string) => ({ uuid: "u", name: "web", epoch: "1.1", token })
const requests: readonly Event[] = [
  { type: "reserve", holder: holder("a"), isManaged: true },
  { type: "prepare" },
  { type: "release" },
  { type: "detach", isForced: false },
  { type: "reattach" },
  { type: "reset" },
  { type: "look" }
]

/** What is done next: a request, an end of the deed under way, or an end of what had hung. */
const move = fc.record({ what: fc.nat(requests.length + 3), way: fc.nat(11) })
const start = fc.constantFrom("fresh", "recalled", "recalledDetached", "adopted", "unbound")

const beginAt = (from: string, coverage: Coverage): Device => {
  const device = new Device(from !== "unbound", coverage)
  if (from === "adopted") {
    device.place = "vfio"
    device.send({ type: "adopt", holder: holder("a"), isManaged: true })
  }
  if (!from.startsWith("recalled")) return device
  device.place = "vfio"
  const isDetached = from === "recalledDetached"
  device.send({ type: "recall", original: "e1000e", isDetached })
  return device
}

const play = (device: Device, { what, way }: { what: number; way: number }): void => {
  const request = requests[what]
  const isUnknown = ["unknown", "looking"].includes(String(device.state.value))
  // Of what a guest is found with its QEMU is the proof.
  const isOnVfio = device.place === "vfio"
  if (request !== undefined) {
    if (isUnknown && isOnVfio && way < 4)
      return device.send({ type: "adopt", holder: holder("a"), isManaged: true })
    return device.send(request)
  }
  if (device.isHanging && way % 3 === 0) {
    device.isHanging = false
    return device.send({ type: "moved" })
  }
  // Somebody gives it to its driver by hand, or it is pulled out and put in again.
  if (device.state.value === "detached" && way % 4 === 1) device.place = "host"
  const isFree = ["detached", "lingering"].includes(String(device.state.value))
  if (isFree && isOnVfio && way % 4 === 0)
    return device.send({ type: "adopt", holder: holder("b"), isManaged: true })
  device.end(way)
}

test("one place, one holder, one deed at a time, in every state and by every transition", () => {
  const coverage = new Coverage(hostdevMachine)
  fc.assert(
    fc.property(start, fc.array(move, { maxLength: 40, size: "max" }), (from, moves) => {
      const device = beginAt(from, coverage)
      for (const one of moves) play(device, one)
      // Left alone, whatever goes on ends, and nobody is on the way for ever.
      for (let left = 0; left < 4 && device.deed !== undefined; left++) device.end(0)
      expect(device.deed).toBeUndefined()
    }),
    { numRuns: 4000, seed: 11 }
  )
  expect(coverage.missing).toEqual({ states: [], transitions: [] })
})

test("taken for a guest it goes back to its driver; found with VFIO it stays there", () => {
  for (const [way, end] of [
    [0, "reattaching"],
    // Whether it is there still is seen.
    [3, "looking"]
  ] as const) {
    const device = new Device(true, new Coverage(hostdevMachine))
    device.send({ type: "reserve", holder: holder("a"), isManaged: true })
    device.send({ type: "prepare" })
    device.end(way)
    expect(device.state.value).toBe("assigned")
    device.send({ type: "release" })
    expect(device.state.value).toBe(end)
    device.end(0)
    expect(device.state.value).toBe(end === "looking" ? "detached" : "host")
  }
})

test("what cannot go home yet stays where it was, and is not taken for another's", () => {
  const begun = (way: number) => {
    const device = new Device(true, new Coverage(hostdevMachine))
    device.send({ type: "reserve", holder: holder("a"), isManaged: true })
    device.send({ type: "prepare" })
    device.end(way)
    device.send({ type: "release" })
    if (way === 3) device.end(0)
    return device
  }
  const refused = 2
  const left = begun(0)
  left.end(refused)
  expect(left.state.value).toBe("lingering")
  left.send({ type: "reserve", holder: holder("b"), isManaged: true })
  left.send({ type: "release" })
  expect(left.state.value).toBe("reattaching")
  left.end(0)
  expect(left.state.value).toBe("host")
  const found = begun(3)
  found.send({ type: "reattach" })
  found.end(refused)
  expect(found.state.value).toBe("detached")
})
