/**
 * Goal: time, chance, the outside and shortcuts come in by the doors made for them.
 * Method: each rule of `words.ts` is tried on every syntax node, or on every line of the text.
 */
import { expect, test } from "vitest"
import { exceptions, exceptionsOf } from "./exceptions.ts"
import { exists, files, placeOf, read, sources } from "./source.ts"
import { textRules, wordRules } from "./words.ts"

const excused = exceptionsOf("word")

test.each(wordRules)("'$word' does not stand where it should not", (rule) => {
  const found = sources
    .filter(({ path }) => !rule.except(path) && !excused(path, rule.word))
    .flatMap((source) =>
      source.nodes
        .filter(({ node }) => rule.matches(node, source))
        .map(({ node }) => placeOf(source, node))
    )
  expect([...new Set(found)], rule.remedy).toEqual([])
})

const texts = [
  ...sources.map(({ path }) => path),
  ...files("**/*.md"),
  ...files(".ci/*"),
  "troupe"
].filter((path) => path !== "test/tidy/words.ts")

test.each(textRules)("$word does not stand in any text", ({ pattern, remedy }) => {
  const found = texts.flatMap((path) =>
    read(path)
      .split("\n")
      .flatMap((line, at) => (pattern.test(line) ? [`${path}:${at + 1}`] : []))
  )
  expect(found, remedy).toEqual([])
})

test("files are named by a noun, in kebab-case", () => {
  const shape = /^[a-z0-9]+(-[a-z0-9]+)*(\.(live|cases))?(\.(test|bench|proof|config))?\.ts$/
  const empty = /(^|\/)(utils?|common|helpers?|misc|manager)(\.|\/)/
  const wrong = sources
    .map(({ path }) => path)
    .filter((path) => !shape.test(path.split("/").at(-1) ?? "") || empty.test(path))
  expect(wrong, "name the noun that the file owns").toEqual([])
})

test("every exception excuses something that is there", () => {
  const used = ({ rule, path, what }: (typeof exceptions)[number]): boolean => {
    if (!exists(path)) return false
    const source = sources.find((one) => one.path === path)
    const word = wordRules.find((one) => one.word === what)
    if (rule !== "word" || source === undefined || word === undefined) return rule !== "word"
    return source.nodes.some(({ node }) => word.matches(node, source))
  }
  const idle = exceptions.filter((one) => !used(one)).map(({ path, what }) => `${path} ${what}`)
  expect(idle, "remove the entry from test/tidy/exceptions.ts").toEqual([])
})
