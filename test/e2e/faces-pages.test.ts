/**
 * Goal: the reference names all that a caller can call and all that a call can throw.
 * Method: the exported errors and the members of an open engine are looked for in the pages.
 */
import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { expect, test } from "vitest"
import * as errors from "../../src/errors.ts"
import { Troupe } from "../../src/index.ts"
import { setStage } from "./faces-stage.ts"

const page = (name: string): string =>
  readFileSync(resolve(import.meta.dirname, "../../docs/reference", name), "utf8")

test("errors.md has a row for each error that is exported", () => {
  const text = page("errors.md")
  const silent = Object.keys(errors).filter((name) => !text.includes(`\`${name}\``))
  expect(silent, "give it a row").toEqual([])
})

test("library.md names every member of an engine and of a domain", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root })
  const web = await troupe.define(stage.definition("web"))
  const methods = (object: object) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter(
      (name) => name !== "constructor"
    )
  const groups = [web.guest, web.agent, troupe.storage, troupe.node, troupe.node.devices]
  const members = [...methods(troupe), ...methods(web), ...groups.flatMap(Object.keys)]
  expect(members.length).toBeGreaterThan(100)
  const text = page("library.md")
  const named = (name: string) => new RegExp(`\\b${name}\\b`).test(text)
  expect(members.filter((name) => !named(name))).toEqual([])
})
