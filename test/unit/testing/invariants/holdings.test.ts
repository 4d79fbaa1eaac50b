/**
 * Goal: the laws about devices, ports, leaks, counts and close callbacks fail where they are
 * broken. Method: for each, a run made by hand that breaks it, and its neighbour that does not.
 */
import * as HashMap from "effect/HashMap"
import { expect, test } from "vitest"
import type { View } from "../../../../src/testing/simulation/view.ts"
import {
  bury,
  checksOf,
  d0,
  d1,
  entry,
  fileAt,
  giveBirth,
  layout,
  off,
  running,
  turnOf,
  viewOf
} from "./hand-made.ts"

const device = "0000:03:00.0"
const vfio = ["-device", `{"driver":"vfio-pci","host":"${device}","id":"hostdev0"}`]
const holder = (token: string) => ({ uuid: d0, name: "d0", epoch: "1.1", token })

type Held = { readonly [device: string]: { readonly token: string } }

/** A pool's state in which these are held. */
const held = (holdings: Held) => {
  const devices = Object.entries(holdings)
  const chart = ([name, by]: readonly [string, object]) =>
    [name, { value: "assigned", context: { holder: by } }] as const
  return {
    devices: HashMap.fromIterable(devices.map(chart)),
    tokens: HashMap.fromIterable(devices.map(([name]) => [`of ${name}`, [name]] as const)),
    moving: [],
    waiting: []
  }
}

test("I23 sees a device in two guests, and one that changes hands", () => {
  const { step, decided } = checksOf("I23")
  const view = viewOf()
  const first = giveBirth(view, [d0, "1.1"], vfio)
  expect(step(view, "spawn prlimit")).toBeUndefined()
  giveBirth(view, [d1, "1.2"], vfio)
  expect(step(view, "spawn prlimit")).toMatch(`both have ${device}`)
  bury(view, first)
  expect(step(view, "spawn prlimit")).toBeUndefined()
  const reserve = (was: Held, is: Held) => {
    const states = { before: held(was), after: held(is) }
    return decided(turnOf("pci-pool", { message: { type: "reserve" }, ...states }), view)
  }
  expect(reserve({}, { [device]: holder("a") })).toBeUndefined()
  expect(reserve({ [device]: holder("b") }, { [device]: holder("a") })).toMatch("gave it to a")
})

test("I24 sees a guest with a device that the pool does not hold for it", () => {
  const { rest, opened } = checksOf("I24")
  const scene = (token: string, record: object | undefined) => {
    const guest = entry(d0, running("1.1"), { find: () => ({ record }) })
    const pci = { holdings: () => ({ [device]: holder(token) }), entries: () => new Map() }
    const usb = { holdings: () => ({}), entries: () => new Map() }
    const view = viewOf({ entries: [guest], parts: { pools: { pci, usb } } })
    giveBirth(view, [d0, "1.1"], vfio)
    return view
  }
  expect(rest(scene(`${d0}/1.1`, {}))).toBeUndefined()
  expect(rest(scene(`${d0}/1.0`, {}))).toMatch(`held by ${d0}/1.0`)
  expect(opened(scene(`${d1}/1.1`, {}))).toMatch(`has ${device}`)
  // Also of one of which no record tells.
  expect(rest(scene(`${d0}/1.0`, undefined))).toMatch(`held by ${d0}/1.0`)
})

test("I25 sees half a reservation, and a release of what is another's", () => {
  const { decided } = checksOf("I25")
  const turn = (actor: string, message: object, states: readonly [object, object]) => {
    const [before, after] = actor === "ports" ? states : states.map((one) => held(one as Held))
    return decided(turnOf(actor, { message: message as { type: string }, before, after }), viewOf())
  }
  const wishes = ["x", "y"].map((one) => ({ device: one, isManaged: false }))
  const both = { type: "reserve", wishes, holder: holder("a") }
  const [a, b] = [holder("a"), holder("b")]
  expect(turn("pci-pool", both, [{}, { x: a, y: a }])).toBeUndefined()
  expect(turn("pci-pool", both, [{ x: b }, { x: b }])).toBeUndefined()
  expect(turn("pci-pool", both, [{ x: b }, { x: b, y: a }])).toMatch("1 of 2 devices")
  expect(turn("pci-pool", both, [{}, { x: a, y: a, z: a }])).toMatch("had not asked")
  const release = { type: "release", token: "a" }
  expect(turn("usb-pool", release, [{ x: a, y: b }, { y: b }])).toBeUndefined()
  expect(turn("usb-pool", release, [{ x: a, y: b }, {}])).toMatch("took y of b")
  expect(turn("usb-pool", release, [{ x: a }, { x: a }])).toMatch("left x of a")
  expect(turn("ports", release, [{ 1: "a", 2: "b" }, { 2: "b" }])).toBeUndefined()
  expect(turn("ports", release, [{ 1: "a", 2: "b" }, {}])).toMatch("took 2 of b")
  const take = { type: "take", token: "a" }
  expect(turn("ports", take, [{ 1: "b" }, { 1: "b", 2: "a" }])).toBeUndefined()
  expect(turn("ports", take, [{ 1: "b" }, { 1: "a" }])).toMatch("port 1 of b")
})

/** A view with one guest, with everything that it needs. */
const guestScene = (part: object = {}): View => {
  const belongings = { present: ["1.1"], of: () => ({ held: ["process"] }) }
  const view = viewOf({ entries: [entry(d0, running("1.1"), belongings)], ...part })
  giveBirth(view, [d0, "1.1"])
  view.life?.process.descriptors.open({ kind: "lock", name: layout.lock })
  const monitor = `${layout.run}/1.1/monitor.sock`
  view.life?.process.descriptors.open({ kind: "connection", name: monitor })
  view.host.disk.makeDirectories(`${layout.run}/1.1`)
  fileAt(view, `${layout.statuses}/1.1.json`, "{}")
  return view
}

test("I26 accepts what a guest needs at rest", () => {
  expect(checksOf("I26").rest(guestScene())).toBeUndefined()
})

const leaks: readonly (readonly [what: string, leak: (view: View) => void])[] = [
  ["open: file x", (view) => view.life?.process.descriptors.open({ kind: "file", name: "x" })],
  [
    "open: connection",
    (view) =>
      view.life?.process.descriptors.open({
        kind: "connection",
        name: `${layout.run}/1.0/monitor.sock`
      })
  ],
  ["process 302 is sleeping", (view) => giveBirth(view, [d1, "1.2"])],
  ["is listened on", (view) => view.host.network.bind(`${layout.run}/1.2.s`, 1)],
  ["1.2 was left", (view) => view.host.disk.makeDirectories(`${layout.run}/1.2`)],
  ["p-x.log was left", (view) => fileAt(view, `${layout.run}/p-x.log`, "")],
  [".x.tmp was left", (view) => fileAt(view, `${layout.definitions}/.x.tmp`, "")],
  ["is of no guest", (view) => fileAt(view, `${layout.statuses}/1.2.json`, "{}")],
  ["no record of 1.1", (view) => view.host.disk.unlink(`${layout.statuses}/1.1.json`)]
]

test.each(leaks)("I26 sees at rest: %s", (what, leak) => {
  const view = guestScene()
  leak(view)
  expect(checksOf("I26").rest(view)).toMatch(what)
})

test("I26 sees what an epoch that is over has kept", () => {
  const belongings = { present: ["1.0"], of: () => ({ held: ["display port"] }) }
  const kept = viewOf({ entries: [entry(d0, off, belongings)] })
  expect(checksOf("I26").rest(kept)).toMatch("display port")
  const { decided, rest } = checksOf("I26")
  decided(turnOf("ports", { message: { type: "take" }, after: { 5900: `${d0}/1.0` } }), viewOf())
  expect(rest(viewOf())).toMatch("holds devices or ports")
  expect(checksOf("I26").rest(viewOf({ parts: { operations: new Set(["x"]) } }))).toMatch("1 op")
})

test("I26 forgives a disk that failed what it did not remove", () => {
  const view = guestScene({ faults: [{ seam: "file", nth: 0, fault: "EIO" }] })
  fileAt(view, `${layout.statuses}/1.2.json`, "{}")
  expect(checksOf("I26").rest(view)).toBeUndefined()
})

test("I26 sees what is left when all is over", () => {
  const { rest, ended } = checksOf("I26")
  const view = viewOf()
  rest(view)
  expect(ended(view)).toMatch("engine, is left")
  view.life?.process.exit()
  view.world.drain()
  expect(ended(view)).toBeUndefined()
  view.world.realm("x").after(1_000, () => {})
  expect(ended(view)).toMatch("1 timers")
  view.world.drain()
  view.host.disk.makeDirectories(`${layout.run}/1.2`)
  expect(ended(view)).toMatch("1.2 was left")
  view.host.network.bind(`${layout.run}/x.s`, 1)
  expect(ended(view)).toMatch("still listened on")
})

test("I27 sees a count that is not that of what lives", () => {
  const { rest } = checksOf("I27")
  const scene = (epoch: string | undefined) =>
    viewOf({ entries: [entry(d0, epoch === undefined ? off : running(epoch))] })
  expect(rest(scene(undefined))).toBeUndefined()
  expect(rest(scene("1.1"))).toMatch("has no QEMU")
  const view = scene("1.1")
  giveBirth(view, [d0, "1.1"])
  expect(rest(view)).toBeUndefined()
  giveBirth(view, [d1, "1.2"])
  expect(rest(view)).toMatch("1 domains count as active, and 2 have a QEMU")
})

test("I28 sees a callback that runs twice, not at all, or is forgotten", () => {
  const { decided } = checksOf("I28")
  const callback = { connection: "c", uuid: d0, epoch: "1.1" }
  const closed = (emits: number, left: readonly object[] = []) =>
    decided(
      turnOf("connections", {
        message: { type: "closed", connection: "c" },
        before: { callbacks: [callback], closed: [] },
        after: { callbacks: left, closed: ["c"] },
        record: { actions: Array(emits).fill("emit") }
      }),
      viewOf()
    )
  expect(closed(0)).toMatch("0 callbacks ran")
  expect(closed(1)).toBeUndefined()
  expect(closed(1)).toMatch("ran twice")
  const fresh = checksOf("I28")
  const kept = turnOf("connections", {
    message: { type: "closed", connection: "c" },
    before: { callbacks: [callback], closed: [] },
    after: { callbacks: [callback], closed: ["c"] },
    record: { actions: ["emit"] }
  })
  expect(fresh.decided(kept, viewOf())).toMatch("and is kept")
})

test("I28 sees a guest that outlives its client", () => {
  const { rest } = checksOf("I28")
  const guest = entry(d0, running("1.1", { autoDestroy: "c" }))
  const bound = {
    registered: () => [{ kind: "autoDestroy", connection: "c", uuid: d0, epoch: "1.1" }]
  }
  expect(rest(viewOf({ entries: [guest], parts: { connections: bound } }))).toBeUndefined()
  expect(rest(viewOf({ entries: [guest] }))).toMatch("lives on without its client")
  expect(rest(viewOf({ parts: { connections: bound } }))).toMatch("for a guest that is over")
})
