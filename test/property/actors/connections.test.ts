/**
 * Goal: what was registered for a connection is done once when it closes, by the deed of its kind,
 * for that very start and no other; what was forgotten and guests that ended are left alone, and
 * one that registers late is ended at once.
 * Method: random registrations, ends and closings against the plain set of what is due.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import {
  type BoundGuest,
  type CloseCallback,
  makeConnections
} from "../../../actors/connections.ts"
import { choiceList, stage } from "./clients.ts"

type Op =
  | { readonly kind: "register" | "forget"; readonly callback: CloseCallback }
  | { readonly kind: "end"; readonly guest: BoundGuest }
  | { readonly kind: "close"; readonly connection: string }

const connection = fc.constantFrom("c1", "c2", "c3")
const starts = { uuid: fc.constantFrom("u1", "u2"), epoch: fc.constantFrom("1.1", "1.2") }
const guest: fc.Arbitrary<BoundGuest> = fc.record(starts)
const callback: fc.Arbitrary<CloseCallback> = fc.record({
  kind: fc.constantFrom("autoDestroy", "killSwitch"),
  connection,
  ...starts
})
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("register" as const, "forget" as const),
    callback
  }),
  fc.record({ kind: fc.constant("end" as const), guest }),
  fc.record({ kind: fc.constant("close" as const), connection })
)

const startOf = ({ uuid, epoch }: BoundGuest) => `${uuid}/${epoch}`
const keyOf = (one: CloseCallback) => `${one.kind} ${one.connection} ${startOf(one)}`

/** What is due by the plain reading of the rules. */
class Model {
  readonly due: string[] = []
  readonly closed = new Set<string>()
  registered: readonly CloseCallback[] = []

  take(op: Op): void {
    switch (op.kind) {
      case "close":
        this.closed.add(op.connection)
        this.due.push(...this.registered.filter(isOf(op.connection)).map(keyOf))
        this.drop(isOf(op.connection))
        return
      case "end":
        this.drop((one) => startOf(one) === startOf(op.guest))
        return
      case "forget":
        this.drop((one) => keyOf(one) === keyOf(op.callback))
        return
      case "register":
        this.drop((one) => keyOf(one) === keyOf(op.callback))
        if (this.closed.has(op.callback.connection)) this.due.push(keyOf(op.callback))
        else this.registered = [...this.registered, op.callback]
    }
  }

  private drop(isDropped: (one: CloseCallback) => boolean): void {
    this.registered = this.registered.filter((one) => !isDropped(one))
  }
}

const isOf =
  (wanted: string) =>
  ({ connection: of }: CloseCallback): boolean =>
    of === wanted

test("each is done once, when its connection closes or has closed, unless its guest ended", () => {
  let [done, kept] = [0, 0]
  fc.assert(
    fc.property(fc.array(op, { maxLength: 25 }), choiceList, (ops, choices) => {
      const { world, kernel } = stage(choices, {})
      const ended: string[] = []
      const deed = (kind: CloseCallback["kind"]) => (one: CloseCallback) => {
        expect(one.kind).toBe(kind)
        ended.push(keyOf(one))
      }
      const connections = makeConnections(kernel, {
        autoDestroy: deed("autoDestroy"),
        killSwitch: deed("killSwitch")
      })
      const model = new Model()
      for (const one of ops) {
        model.take(one)
        if (one.kind === "close") connections.closed(one.connection)
        else if (one.kind === "end") connections.ended(one.guest)
        else connections[one.kind](one.callback)
      }
      world.drain()
      expect(ended).toEqual(model.due)
      expect(connections.registered().map(keyOf)).toEqual(model.registered.map(keyOf))
      done += model.due.length
      kept += model.registered.length
    }),
    { numRuns: 1500 }
  )
  expect(Math.min(done, kept)).toBeGreaterThan(100)
})
