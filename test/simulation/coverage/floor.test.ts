/**
 * Goal: what the simulated world once reached, it still reaches.
 * Method: a fixed set of seeds is run, and its coverage held against the names in floor.json. What
 * was lost on purpose is taken out by `node test/simulation/coverage/write-floor.ts --write`.
 */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { type Floor, floorText, missing } from "../../../src/testing/coverage/floor.ts"
import { coverageOfSeeds, floorFile } from "./runs.ts"

const text = readFileSync(floorFile, "utf8")
const floor: Floor = JSON.parse(text)

test("no pair, state or transition that was reached is lost", () => {
  const lost = missing(coverageOfSeeds(), floor)
  expect(lost, "find out why; by intent: write-floor.ts --write").toEqual([])
})

test("the floor has pairs of each kind that runs give, and is as the command writes it", () => {
  for (const what of [
    "calls",
    "deliveries",
    "faults",
    "pending",
    "domain states",
    "domain transitions"
  ])
    expect(floor[what]?.length, what).toBeGreaterThan(5)
  expect(floorText(floor)).toBe(text)
})
