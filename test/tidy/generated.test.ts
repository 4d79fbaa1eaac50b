/**
 * Goal: pages made from code say what the code says.
 * Method: the program that writes a page is asked, as it runs outside of the tests, whether the
 * page in the checkout is what it would write.
 */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { expect, test } from "vitest"
import { root } from "./source.ts"

test("the pages and pictures of the machines show the machines as they are", () => {
  const program = join(root, ".ci/charts.mjs")
  const { status, stderr } = spawnSync(process.execPath, [program, "--check"], { encoding: "utf8" })
  expect({ status, stderr }, "run: npm run charts").toEqual({ status: 0, stderr: "" })
})

test("docs/reference/rpc-procedures.md shows what is served", () => {
  const program = join(root, ".ci/rpc-page.mjs")
  const { status, stderr } = spawnSync(process.execPath, [program, "--check"], { encoding: "utf8" })
  expect({ status, stderr }, "run: node .ci/rpc-page.mjs").toEqual({ status: 0, stderr: "" })
})

test("the scenes of docs/internals are drawn from what the engine does", () => {
  const program = join(root, ".ci/scenes.mjs")
  const { status, stderr } = spawnSync(process.execPath, [program, "--check"], { encoding: "utf8" })
  expect({ status, stderr }, "run: node .ci/scenes.mjs").toEqual({ status: 0, stderr: "" })
})
