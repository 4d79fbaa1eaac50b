/**
 * Goal: every mutant still is one: it fits the code as it is, and its files still parse; what the
 * kill matrix says of the zoo is complete; and the way from a mutant to its kill works.
 * Method: the edits applied to the files in memory; one process with a mutant that any start kills.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { parseAst } from "rolldown/parseAst"
import { expect, test } from "vitest"
import { runChild } from "./kill-matrix/children.ts"
import type { MutantResult } from "./kill-matrix/result.ts"
import { applied, occurrences } from "./mutants/apply.ts"
import { mutants } from "./mutants/index.ts"
import { zoo } from "./mutants/zoo.ts"

const root = join(import.meta.dirname, "../..")

const textOf = (file: string): string => readFileSync(join(root, file), "utf8")

const records = zoo.flatMap(({ records: all }) => all)

test("there are at least 60 mutants, each with an id of its own", () => {
  expect(mutants.length).toBeGreaterThanOrEqual(60)
  expect(new Set(mutants.map(({ id }) => id)).size).toBe(mutants.length)
})

test("the zoo has its 135 records, and mutants name no others", () => {
  expect(records.map(({ id }) => id)).toEqual(
    Array.from({ length: 135 }, (_, at) => `Z${String(at + 1).padStart(3, "0")}`)
  )
  const known = new Set(records.map(({ id }) => id))
  const strange = mutants.flatMap(({ zoo: ids }) => ids).filter((id) => !known.has(id))
  expect(strange).toEqual([])
})

test("a record has a mutant, or the reason why there is none", () => {
  const covered = new Set(mutants.flatMap(({ zoo: ids }) => ids))
  const wrong = records.filter(({ id, without }) => covered.has(id) === (without !== undefined))
  expect(wrong.map(({ id }) => id)).toEqual([])
})

test.each(mutants.map((mutant) => [mutant.id, mutant] as const))(
  "%s fits the code as it is, changes it, and leaves what parses",
  (_, mutant) => {
    for (const { file, find } of mutant.edits)
      expect({ file, find, count: occurrences(textOf(file), find) }).toMatchObject({ count: 1 })
    for (const file of new Set(mutant.edits.map(({ file: path }) => path))) {
      const text = textOf(file)
      const changed = applied(mutant, file, text) ?? text
      expect(changed).not.toBe(text)
      expect(() => parseAst(changed, { lang: "ts" })).not.toThrow()
    }
  }
)

test("a mutant is put in, found out, and made small", async () => {
  const task = {
    id: "M-Z085",
    seconds: 60,
    secondsAfterKill: 0,
    runsMax: 200,
    shrinkRunsMax: 30,
    skipped: [],
    skippedScenarios: []
  }
  const { line, died, lastWords } = await runChild(task, 300)
  expect(died, lastWords).toBe(undefined)
  const { byChance, byScenario } = JSON.parse(line ?? "{}") as MutantResult
  expect(byChance ?? byScenario).toBeDefined()
}, 400_000)
