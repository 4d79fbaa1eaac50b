/**
 * Goal: docs/reference/testing.md has every law as it states itself, and every fault of every seam.
 * Method: the table of laws is made from `invariants` and put into the page, which must not change;
 * `npx vitest run test/unit/testing/reference.test.ts -u` writes it. Seams are looked for by name.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { invariants } from "../../../src/testing/invariants/index.ts"
import { faultMenu } from "../../../src/testing/simulation/random-fault.ts"

const path = join(import.meta.dirname, "../../../docs/reference/testing.md")
const page = readFileSync(path, "utf8")

const table = [
  "| id | name | statement | hooks |",
  "| --- | --- | --- | --- |",
  ...invariants.map(({ id, name, statement, make, needsCalls }) => {
    const hooks = Object.keys(make()).map((hook) => `\`${hook}\``)
    const star = needsCalls === true ? " *" : ""
    return `| ${id} | ${name}${star} | ${statement} | ${hooks.join(", ")} |`
  })
].join("\n")

const section = /(<!-- invariants: [^\n]*-->\n)[\s\S]*?<!-- \/invariants -->/

test("the table of laws is fresh", async () => {
  expect(page).toMatch(section)
  const fresh = page.replace(
    section,
    (_, open: string) => `${open}\n${table}\n\n<!-- /invariants -->`
  )
  await expect(fresh).toMatchFileSnapshot(path)
})

test.each(Object.entries(faultMenu))("the seam '%s' has all its faults", (seam, faults) => {
  const row = page.split("\n").find((line) => line.startsWith(`| \`${seam}\` |`)) ?? ""
  expect(faults.map(([fault]) => fault).filter((fault) => !row.includes(`\`${fault}\``))).toEqual(
    []
  )
})
