/**
 * Goal: no file and no function grows past what a reader holds in mind.
 * Method: every function of the syntax trees is measured against the budgets of the house style;
 * what is above them stands in `exceptions.ts` with its exact size, which may only go down.
 */
import { expect, test } from "vitest"
import { sizeExceptions } from "./exceptions.ts"
import { columnsMax, type Measured, measure } from "./sizes.ts"
import { sources } from "./source.ts"

const measured = sources.flatMap(measure)

const exceptionOf = (one: Measured) =>
  sizeExceptions.find(
    ({ kind, path, name }) => kind === one.kind && path === one.path && name === one.name
  )

const remedies = {
  file: "split it by noun; a data table is listed in test/tidy/exceptions.ts with its reason",
  function: "move its branches' bodies into functions of their own",
  parameters: "take an options object"
}

test("files, functions and parameter lists keep to their budgets", () => {
  const over = measured.filter((one) => one.size > (exceptionOf(one)?.size ?? one.limit))
  const told = over.map(
    ({ kind, path, line, name, size, limit }) =>
      `${path}:${line} ${kind} ${name} has ${size} of at most ${limit}: ${remedies[kind]}`
  )
  expect(told).toEqual([])
})

test("excused sizes only shrink", () => {
  const loose = sizeExceptions.flatMap(({ kind, path, name, size }) => {
    const sizes = measured
      .filter((one) => one.kind === kind && one.path === path && one.name === name)
      .map((one) => one.size)
    const most = Math.max(0, ...sizes)
    const limit = measured.find((one) => one.kind === kind)?.limit ?? 0
    if (most === size && most > limit) return []
    return [`${path} ${kind} ${name}: ${most > limit ? `lower it to ${most}` : "remove the entry"}`]
  })
  expect(loose).toEqual([])
})

const isQuote = (place: string): boolean => place.startsWith("test/simulation/mutants/")

test("lines keep to 100 columns", () => {
  const wide = sources.flatMap(({ path, text }) =>
    text
      .split("\n")
      .flatMap((line, at) => (line.length > columnsMax ? [`${path}:${at + 1} ${line.length}`] : []))
  )
  // An address cannot be broken, nor the code that a mutant quotes; nothing else may be long.
  const broken = wide.filter((place) => !isAddress(place) && !isQuote(place))
  expect(broken, "break the line; biome does not break texts and comments").toEqual([])
})

const isAddress = (place: string): boolean => {
  const [path = "", line = ""] = place.split(" ")[0]?.split(":") ?? []
  const text = sources.find((source) => source.path === path)?.text.split("\n")[Number(line) - 1]
  return /https?:\/\/\S{60,}/.test(text ?? "")
}
