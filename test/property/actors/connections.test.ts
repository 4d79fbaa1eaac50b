/**
 * Goal: what was registered for a connection is done once when it closes, for that very start and
 * no other; a guest that ended before is left alone, and one that registers late is ended at once.
 * Method: random registrations, ends and closings against the plain set of what is due.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { type CloseCallback, makeConnections } from "../../../actors/connections.ts"
import { choiceList, stage } from "./clients.ts"

type Op =
  | { readonly kind: "register" | "forget"; readonly callback: CloseCallback }
  | { readonly kind: "close"; readonly connection: string }

const connection = fc.constantFrom("c1", "c2", "c3")
const callback: fc.Arbitrary<CloseCallback> = fc.record({
  connection,
  uuid: fc.constantFrom("u1", "u2"),
  epoch: fc.constantFrom("1.1", "1.2")
})
const op: fc.Arbitrary<Op> = fc.oneof(
  fc.record({
    kind: fc.constantFrom("register" as const, "forget" as const),
    callback
  }),
  fc.record({ kind: fc.constant("close" as const), connection })
)

const keyOf = ({ connection: of, uuid, epoch }: CloseCallback) => `${of} ${uuid} ${epoch}`

test("each is done once, when its connection closes or has closed, unless its guest ended", () => {
  let [done, forgotten] = [0, 0]
  fc.assert(
    fc.property(fc.array(op, { maxLength: 25 }), choiceList, (ops, choices) => {
      const { world, kernel } = stage(choices, {})
      const ended: string[] = []
      const connections = makeConnections(kernel, (one) => void ended.push(keyOf(one)))
      const due: string[] = []
      const registered = new Set<string>()
      const closed = new Set<string>()
      for (const one of ops) {
        if (one.kind === "close") {
          closed.add(one.connection)
          connections.closed(one.connection)
          for (const key of registered)
            if (key.startsWith(`${one.connection} `)) {
              due.push(key)
              registered.delete(key)
            }
          continue
        }
        const key = keyOf(one.callback)
        connections[one.kind](one.callback)
        if (one.kind === "forget") forgotten += registered.delete(key) ? 1 : 0
        else if (closed.has(one.callback.connection)) due.push(key)
        else registered.add(key)
      }
      world.drain()
      expect(ended.toSorted()).toEqual(due.toSorted())
      expect(connections.registered().map(keyOf).toSorted()).toEqual([...registered].toSorted())
      done += due.length
    }),
    { numRuns: 1500 }
  )
  expect(Math.min(done, forgotten)).toBeGreaterThan(5)
})
