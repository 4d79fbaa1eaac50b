/**
 * Says what the fixed seeds reach that the floor has not, and what they have lost. With `--write`,
 * makes what they reach the new floor: to be done by intent, with the losses explained.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { type Floor, floorOf, floorText, missing } from "../../../src/testing/coverage/floor.ts"
import { coverageText } from "../../../src/testing/coverage/report.ts"
import { coverageOfSeeds, floorFile } from "./runs.ts"

const coverage = coverageOfSeeds()
const now = floorOf(coverage)
const before: Floor = existsSync(floorFile) ? JSON.parse(readFileSync(floorFile, "utf8")) : {}
const gained = Object.entries(now).flatMap(([what, names]) =>
  names.filter((name) => before[what]?.includes(name) !== true).map((name) => `${what}: ${name}`)
)

console.log(coverageText(coverage))
for (const name of gained) console.log(`gained ${name}`)
for (const name of missing(coverage, before)) console.log(`lost ${name}`)
if (process.argv.includes("--write")) writeFileSync(floorFile, floorText(now))
