/**
 * Goal: the page of the kill matrix says what the last run of it found. Method: the page is made
 * again from the results that are kept beside it.
 */
import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { pageOf } from "./kill-matrix/page.ts"
import type { Matrix } from "./kill-matrix/result.ts"

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8")

test("docs/reference/kill-matrix.md is made from the kept results", () => {
  const matrix = JSON.parse(read("kill-matrix/results.json")) as Matrix
  expect(pageOf(matrix)).toBe(read("../../docs/reference/kill-matrix.md"))
})
