/**
 * Runs that were never run, for laws: turns, processes, files and histories put together by hand,
 * so that each law can be shown to fail. World, disk and process table are the real ones.
 */
import * as HashMap from "effect/HashMap"
import type { InspectionRecord, Turn } from "../../../../src/kernel/inspection.ts"
import { monitorArguments, monitorId } from "../../../../src/qemu/monitor-id.ts"
import { type Layout, layoutOf } from "../../../../src/store/layout.ts"
import { Faults, type PlannedFault } from "../../../../src/testing/fault.ts"
import { type ApiCall, slotUuid } from "../../../../src/testing/history/api-call.ts"
import type { EventSeen, Happening, Operation } from "../../../../src/testing/history/operation.ts"
import { SimulatedHost } from "../../../../src/testing/host/host.ts"
import type { Devices } from "../../../../src/testing/host/sysfs.ts"
import { invariants } from "../../../../src/testing/invariants/index.ts"
import { simulatedRoot } from "../../../../src/testing/simulation/lives.ts"
import type { Plan } from "../../../../src/testing/simulation/plan.ts"
import type { Checks, View } from "../../../../src/testing/simulation/view.ts"
import { World } from "../../../../src/testing/world.ts"

export const layout: Layout = layoutOf(simulatedRoot)

export const d0: string = slotUuid(0)
export const d1: string = slotUuid(1)

let serials = 0

export const record = (part: Partial<InspectionRecord> = {}): InspectionRecord => ({
  serial: ++serials,
  atMs: 0,
  actor: "someone",
  message: "something",
  lane: "user",
  outcome: "taken",
  from: "",
  to: "",
  actions: [],
  version: 1,
  call: undefined,
  procedure: undefined,
  cause: "tell",
  sender: undefined,
  script: undefined,
  sent: 0,
  answers: [],
  defect: undefined,
  epoch: undefined,
  moved: [],
  ...part
})

interface TurnParts {
  readonly message?: { readonly type: string; readonly [field: string]: unknown }
  readonly before?: unknown
  readonly after?: unknown
  readonly record?: Partial<InspectionRecord>
}

export const turnOf = (actor: string, parts: TurnParts): Turn => {
  const { message = { type: "something" }, before = {}, after = before } = parts
  const made = record({ actor, message: message.type, ...parts.record })
  return { record: made, message, before, after, pending: [] }
}

/** The chart of a domain at one moment, as far as laws look at it. */
export const chart = (life: unknown, context: object = {}, regions: object = {}): object => ({
  value: { life, job: "idle", power: "idle", monitor: "none", ...regions },
  context: { destroyers: [], waiters: [], name: "d0", uuid: d0, ...context }
})

export const off: object = chart("shutoff")
export const running = (epoch: string, context: object = {}): object =>
  chart({ running: "steady" }, { epoch, id: 1, ...context })
export const stopping = (epoch: string, context: object = {}): object =>
  chart({ stopping: "terminating" }, { epoch, id: 1, ...context })

export const domainTurnOf = (parts: TurnParts, uuid: string = d0): Turn =>
  turnOf(`domain/${uuid}`, parts)

/** An entry of the list with its actor, which has published `published`. */
export const entry = (uuid: string, published: object, belongings: object = {}): object => ({
  uuid,
  name: "d0",
  isAutostart: false,
  ref: {
    uuid,
    actor: { published, version: 1 },
    belongings: { present: [], find: () => undefined, ...belongings }
  }
})

export const indexOf = (
  entries: readonly { readonly uuid: string; readonly name: string }[],
  reserved: readonly { readonly uuid: string; readonly name: string }[] = []
) => ({
  byUuid: HashMap.fromIterable(entries.map((one) => [one.uuid, one] as const)),
  byName: HashMap.fromIterable(entries.map(({ uuid, name }) => [name, uuid] as const)),
  reserved: HashMap.fromIterable(reserved.map((one, at) => [`token ${at}`, one] as const)),
  lastId: 0
})

export interface Scene {
  readonly plan?: Partial<Plan>
  readonly entries?: readonly object[]
  readonly parts?: object
  readonly problems?: readonly { readonly what: string; readonly why: string }[]
  readonly operations?: readonly Operation[]
  readonly happenings?: readonly Happening[]
  readonly events?: readonly EventSeen[]
  /** They have come to pass. */
  readonly faults?: readonly PlannedFault[]
  readonly life?: number
  /** Of the host. */
  readonly devices?: Devices
}

/** The view of a run; its host is empty, and may be filled. */
export const viewOf = (scene: Scene = {}): View => {
  const world = new World()
  const { entries = [], problems = [], plan = {}, faults = [], life = 1 } = scene
  const met = new Faults(faults)
  for (const { seam, nth } of faults) for (let at = 0; at <= nth; at++) met.at(seam, "it")
  const host = new SimulatedHost(world, { faults: met, devices: scene.devices ?? {} })
  for (const { path } of layout.directories) host.disk.makeDirectories(path)
  const listed = entries as readonly { readonly uuid: string }[]
  const pool = { holdings: () => ({}), entries: () => new Map() }
  const parts = {
    store: { layout },
    domains: { all: () => listed, byUuid: (uuid: string) => listed.find((e) => e.uuid === uuid) },
    pools: { pci: pool, usb: pool },
    connections: { registered: () => [] },
    operations: new Set(),
    ...scene.parts
  }
  const { operations = [], happenings = [], events = [] } = scene
  return {
    plan: { domains: 1, clients: [], faults, schedule: { kind: "fifo", seed: 1 }, ...plan },
    world,
    host,
    faults: met,
    life: {
      number: life,
      process: host.engine("engine", () => {}),
      driver: { parts: () => parts, problems: () => problems },
      engine: undefined
    },
    history: { operations, happenings, events },
    tick: 0
  } as unknown as View
}

export const words = (uuid: string, epoch: string): readonly string[] => [
  "/usr/bin/qemu-system-x86_64",
  ...monitorArguments(monitorId({ root: "r", epoch: epoch.replace(".", "-"), uuid }), 3)
]

/** A QEMU of this epoch lives on the host. */
export const giveBirth = (
  view: View,
  [uuid, epoch]: readonly [uuid: string, epoch: string],
  more: readonly string[] = []
) => view.host.processes.create({ parent: 1, argv: [...words(uuid, epoch), ...more] })

/** Its end, until it is a zombie and beyond. */
export const bury = (view: View, process: ReturnType<typeof giveBirth>): void => {
  view.host.processes.end(process, { code: 0, signal: undefined })
  view.world.drain()
}

export const fileAt = (view: View, path: string, text: string): void => {
  const { disk } = view.host
  disk.write(disk.createFile(path, 0o600, false), new TextEncoder().encode(text))
}

export const definitionText = (uuid: string, name: string, title: string): string =>
  `<domain><name>${name}</name><uuid>${uuid}</uuid><title>${title}</title></domain>\n`

let ticks = 0

/** Calls in the order in which they are made here, unless their times are given. */
export const operation = (call: ApiCall, part: Partial<Operation> = {}): Operation => ({
  id: ticks,
  client: 0,
  life: 1,
  call,
  invokedAt: ++ticks,
  endedAt: ++ticks,
  invokedAtMs: 0,
  endedAtMs: 0,
  result: { kind: "ok", value: undefined },
  ...part
})

export const failed = (tag: string, message = "it failed"): Operation["result"] => ({
  kind: "error",
  tag,
  message
})

export const unanswered = { endedAt: undefined, endedAtMs: undefined, result: undefined } as const

export const happening = (kind: Happening["kind"], part: Partial<Happening> = {}): Happening => ({
  kind,
  at: ++ticks,
  atMs: 0,
  uuid: undefined,
  epoch: undefined,
  pid: undefined,
  life: 1,
  ...part
})

/** The checks of one run, by the number of the law; what it does not look at holds. */
export const checksOf = (id: string): Required<Checks> => {
  const law = invariants.find((one) => one.id === id)
  if (law === undefined) throw new Error(`there is no law ${id}`)
  const none = () => undefined
  const defaults = {
    step: none,
    turn: none,
    decided: none,
    opened: none,
    rest: none,
    ended: none,
    history: none
  }
  return { ...defaults, ...law.make() }
}
