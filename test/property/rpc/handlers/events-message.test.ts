// Goal: every event has a message that clients can read, under an id of libvirt's. Method: any
// event of the model; its messages of both sets encode and come back as they were.
import fc from "fast-check"
import { expect, test } from "vitest"
import {
  type DomainEvent,
  type DomainHappening,
  lifecycleNumber,
  memoryFailureActions,
  memoryFailureRecipients
} from "../../../../src/model/event.ts"
import {
  eventIdMax,
  type EventMessage,
  legacyIdMax,
  toldOf
} from "../../../../src/rpc/handlers/events-message.ts"
import { decodeMessage, encodeMessage } from "../../../../src/rpc/protocol/codec.ts"
import { procedure } from "../../../../src/rpc/protocol/procedures.ts"

const text = fc.string({ maxLength: 20 }).map((any) => any.replaceAll("\0", ""))
const count = fc.nat()

const lifecycle = fc
  .constantFrom(
    ...Object.entries(lifecycleNumber).flatMap(([event, { details }]) =>
      Object.keys(details).map((detail) => ({ event, detail }))
    )
  )
  .map((of) => ({ type: "lifecycle", ...of }) as DomainHappening)

const endpoint = fc.record({
  family: fc.constantFrom("ipv4" as const, "ipv6" as const, "unix" as const),
  node: text,
  service: text
})

type Type = DomainHappening["type"]
type Happening<T extends Type> = DomainHappening extends infer H
  ? H extends DomainHappening
    ? T extends H["type"]
      ? H
      : never
    : never
  : never

/** Total: an event that is new does not compile until it is made here too. */
const happenings = {
  lifecycle,
  reboot: fc.constant({ type: "reboot" }),
  "rtc-change": fc.record({ type: fc.constant("rtc-change"), offsetSeconds: fc.integer() }),
  watchdog: fc.record({
    type: fc.constant("watchdog"),
    action: fc.constantFrom("none", "pause", "reset", "poweroff", "shutdown", "debug", "inject-nmi")
  }),
  "io-error": fc.record({
    type: fc.constant("io-error"),
    path: text,
    device: text,
    action: fc.constantFrom("none", "pause", "report"),
    reason: text
  }),
  graphics: fc.record({
    type: fc.constant("graphics"),
    phase: fc.constantFrom("connect", "initialize", "disconnect"),
    local: endpoint,
    remote: endpoint,
    authScheme: text,
    identities: fc.array(fc.record({ type: text, name: text }), { maxLength: 3 })
  }),
  "agent-lifecycle": fc.record({
    type: fc.constant("agent-lifecycle"),
    state: fc.constantFrom("connected", "disconnected"),
    reason: fc.constantFrom("unknown", "domain-started", "channel")
  }),
  "balloon-change": fc.record({ type: fc.constant("balloon-change"), actualKiB: count }),
  "tray-change": fc.record({
    type: fc.constant("tray-change"),
    device: text,
    reason: fc.constantFrom("open", "close")
  }),
  "disk-change": fc.record({
    type: fc.constant("disk-change"),
    device: text,
    reason: fc.constantFrom("missing-on-start", "dropped")
  }),
  "device-added": fc.record({ type: fc.constant("device-added"), device: text }),
  "device-removed": fc.record({ type: fc.constant("device-removed"), device: text }),
  "device-removal-failed": fc.record({ type: fc.constant("device-removal-failed"), device: text }),
  "metadata-change": fc.record({
    type: fc.constant("metadata-change"),
    what: fc.constantFrom("description", "title", "element"),
    uri: text
  }),
  "pm-wakeup": fc.constant({ type: "pm-wakeup" }),
  "pm-suspend": fc.constant({ type: "pm-suspend" }),
  "pm-suspend-disk": fc.constant({ type: "pm-suspend-disk" }),
  "control-error": fc.constant({ type: "control-error" }),
  "memory-failure": fc.record({
    type: fc.constant("memory-failure"),
    recipient: fc.constantFrom(...memoryFailureRecipients),
    action: fc.constantFrom(...memoryFailureActions),
    isActionRequired: fc.boolean(),
    isRecursive: fc.boolean()
  }),
  "block-threshold": fc.record({
    type: fc.constant("block-threshold"),
    device: text,
    path: fc.option(text, { nil: undefined }),
    thresholdBytes: count,
    exceededBytes: count
  }),
  "memory-device-size-change": fc.record({
    type: fc.constant("memory-device-size-change"),
    device: text,
    sizeBytes: count
  }),
  "migration-iteration": fc.record({ type: fc.constant("migration-iteration"), iteration: count }),
  tunable: fc.record({
    type: fc.constant("tunable"),
    params: fc.array(
      fc.oneof(
        fc.record({
          field: text,
          value: fc.record({
            type: fc.constant(4),
            value: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
          })
        }),
        fc.record({ field: text, value: fc.record({ type: fc.constant(7), value: text }) })
      ),
      { maxLength: 3 }
    )
  })
} as { readonly [T in Type]: fc.Arbitrary<Happening<T>> }

const event: fc.Arbitrary<DomainEvent> = fc
  .tuple(
    fc.record({ uuid: fc.uuid(), name: text, id: fc.integer({ min: -1, max: 2 ** 31 - 1 }) }),
    fc.oneof(...Object.values(happenings))
  )
  .map(([subject, what]) => ({ ...subject, ...what }) as DomainEvent)

const throughTheWire = ({ event: name, message }: EventMessage) => {
  const of = procedure("remote", name)
  const packet = encodeMessage(of, message as never)
  if (packet._tag === "Failure") throw packet.failure
  const decoded = decodeMessage(of, packet.success.subarray(28))
  if (decoded._tag === "Failure") throw decoded.failure
  return decoded.success
}

test("every event reaches both sets of clients as it was", () => {
  fc.assert(
    fc.property(event, fc.nat({ max: 2 ** 31 - 1 }), (what, callbackID) => {
      const all = toldOf(what)
      expect(all.length).toBeGreaterThan(0)
      for (const { id, modern, legacy } of all) {
        expect(id).toBeGreaterThanOrEqual(0)
        expect(id).toBeLessThanOrEqual(eventIdMax)
        const today = modern(callbackID)
        expect(throughTheWire(today)).toEqual(today.message)
        expect(today.message).toMatchObject({ callbackID })
        expect(legacy === undefined).toBe(id > legacyIdMax)
        if (legacy !== undefined) expect(throughTheWire(legacy)).toEqual(legacy.message)
      }
    }),
    { numRuns: 500 }
  )
})

test("no two kinds of event share an id", () => {
  const kinds = new Map<number, string>()
  for (const arbitrary of Object.values(happenings)) {
    const [what] = fc.sample(arbitrary as fc.Arbitrary<DomainHappening>, { numRuns: 1, seed: 1 })
    if (what === undefined) throw new Error("there is a sample")
    const subject = { uuid: "00000000-0000-4000-8000-000000000001", name: "web", id: 1 }
    for (const { id } of toldOf({ ...subject, ...what })) {
      expect(kinds.get(id)).toBeUndefined()
      kinds.set(id, what.type)
    }
  }
})
