/**
 * Goal: order within a lane is kept, and a mailbox that has been full is small again.
 * Method: random pushes, takes, removals and put-backs beside a model of three plain lists.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { type Lane, Mailbox } from "../../../src/kernel/mailbox.ts"

const lanes = ["control", "events", "user"] as const
const lane = fc.constantFrom(...lanes)
const command = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant("push" as const), lane, count: fc.nat(40) })
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("take" as const), count: fc.nat(60) }) },
  fc.record({ kind: fc.constant("remove" as const), lane, at: fc.nat(50) }),
  fc.record({ kind: fc.constant("putBack" as const), lane, count: fc.nat(5) }),
  fc.record({ kind: fc.constant("drain" as const), lane })
)

type Item = { readonly lane: Lane; readonly id: number }

test("each lane is a list, whatever is done to the others", () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 40 }), (commands) => {
      const mailbox = new Mailbox<Item>()
      const model: { [L in Lane]: Item[] } = { control: [], events: [], user: [] }
      let id = 0
      for (const each of commands) {
        if (each.kind === "push")
          for (let left = each.count; left > 0; left--) {
            const item = { lane: each.lane, id: id++ }
            mailbox.push(each.lane, item)
            model[each.lane].push(item)
          }
        else if (each.kind === "take")
          for (let left = each.count; left > 0; left--) {
            const item = mailbox.take()
            const isEmpty = lanes.every((name) => model[name].length === 0)
            if (item === undefined) expect(isEmpty).toBe(true)
            else expect(model[item.lane].shift()).toBe(item)
          }
        else if (each.kind === "remove") {
          const victim = model[each.lane][each.at]
          mailbox.remove(each.lane, (item) => item === victim)
          if (victim !== undefined) model[each.lane].splice(each.at, 1)
        } else if (each.kind === "putBack") {
          const items = Array.from({ length: each.count }, () => ({ lane: each.lane, id: id++ }))
          mailbox.putBack(each.lane, items)
          model[each.lane].unshift(...items)
        } else expect(mailbox.drain(each.lane)).toEqual(model[each.lane].splice(0))
        for (const name of lanes) expect(mailbox.length(name)).toBe(model[name].length)
        expect(mailbox.isEmpty).toBe(lanes.every((name) => model[name].length === 0))
      }
    }),
    { numRuns: 300 }
  )
})

test("a lane never empty, or once very full, keeps no more than twice its items", () => {
  const mailbox = new Mailbox<number>()
  const items = () => {
    const { user } = mailbox as unknown as { readonly user: { readonly items: readonly number[] } }
    return user.items.length
  }
  let longest = 0
  for (let index = 0; index < 100; index++) mailbox.push("user", index)
  for (let index = 0; index < 100_000; index++) {
    mailbox.push("user", index)
    mailbox.take()
    longest = Math.max(longest, items())
  }
  expect(longest).toBeLessThanOrEqual(2 * 101 + 2)
  for (let index = 0; index < 100_000; index++) mailbox.push("user", index)
  for (let index = 0; index < 100_000; index++) mailbox.take()
  expect(items()).toBeLessThanOrEqual(2 * 100 + 2)
})
