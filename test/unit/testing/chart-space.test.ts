/**
 * Goal: the walk meets every state once, counts truly, and shows a shortest way to what is wrong.
 * Method: spaces whose size is known: counters, grids, and a maze of random edges walked twice.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { type Space, walk } from "../../../src/testing/chart-space.ts"

const grid = (size: number): Space<readonly [number, number]> => ({
  initial: [0, 0],
  key: ([x, y]) => x * size + y,
  moves: ([x, y]) => [
    ...(x + 1 < size ? [{ name: "right", next: [x + 1, y] as const }] : []),
    ...(y + 1 < size ? [{ name: "up", next: [x, y + 1] as const }] : [])
  ]
})

test("a grid has its states, its edges, its depth and one end", () => {
  expect(walk(grid(30))).toEqual({
    states: 900,
    transitions: 2 * 30 * 29,
    depth: 58,
    ends: 1,
    isComplete: true,
    broken: undefined
  })
})

test("what is too large is left, and said to be", () => {
  expect(walk(grid(30), { statesMax: 100 })).toMatchObject({ states: 100, isComplete: false })
  expect(walk(grid(300), { isOver: () => true })).toMatchObject({ states: 0, isComplete: false })
})

test("the way to what is wrong is a shortest one", () => {
  const space = {
    ...grid(30),
    wrong: ([x, y]: readonly [number, number]) => (x >= 3 && y >= 2 ? `${x} ${y}` : undefined)
  }
  const { broken, isComplete } = walk(space)
  expect(isComplete).toBe(false)
  expect(broken?.what).toBe("3 2")
  expect(broken?.path.toSorted()).toEqual(["right", "right", "right", "up", "up"])
})

test("in any graph exactly what is reachable is met, whatever the kind of key", () => {
  const node = fc.nat(14)
  fc.assert(
    fc.property(
      fc.array(fc.tuple(node, node), { maxLength: 40 }),
      fc.boolean(),
      (edges, asText) => {
        const met: number[] = []
        const found = walk<number>({
          initial: 0,
          key: (state) => (asText ? `${state}` : state),
          moves: (state) => {
            const onward = edges.filter(([from]) => from === state)
            return onward.map(([, next]) => ({ name: `${next}`, next }))
          },
          wrong: (state) => {
            met.push(state)
            return undefined
          }
        })
        const reached = new Set([0])
        for (let round = 0; round < 15; round++)
          for (const [from, to] of edges) if (reached.has(from)) reached.add(to)
        expect(met.toSorted()).toEqual([...reached].toSorted())
        expect(found.states).toBe(reached.size)
        expect(found.transitions).toBe(edges.filter(([from]) => reached.has(from)).length)
      }
    )
  )
})
