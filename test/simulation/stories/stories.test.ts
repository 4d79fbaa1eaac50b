/**
 * Goal: what went wrong elsewhere in a few messages does not go wrong here.
 * Method: each story's tiny plans are run in many orders of delivery, under all laws and under an
 * oracle of the story's own. That the oracles can complain is shown by the kill matrix.
 */
import { expect, test } from "vitest"
import { keepFailure } from "../failure.ts"
import { stories } from "./index.ts"

test.each(stories.map((story) => [story.name, story] as const))("%s", (name, { run }) => {
  const [broken] = run()
  if (broken === undefined) return
  const { plan, ...violation } = broken
  expect.fail(keepFailure({ name: `story-${name.replaceAll(" ", "-")}`, plan, violation }).text)
})
