/**
 * Goal: every error of the library has its exit code at the command line, and codes stay what they
 * are, for scripts rely on them.
 * Method: all tags that the library exports against the table; one example for each code.
 */
import { expect, test } from "vitest"
import { exitCodeOf, exitCodes, nextStep, sentenceOf } from "../../../src/cli/failure.ts"
import * as errors from "../../../src/errors.ts"

/** Mistakes of ours, or of nobody: they have no code of their own. */
const untold = ["ActorCrashed", "ActorStopped", "AskCycle", "OperationRepeated"]

const tagged = (tag: string) => Object.assign(new Error("what, which, why"), { _tag: tag })

test("each error that the library can throw is told apart", () => {
  const plain = Object.keys(errors).filter(
    (tag) => exitCodeOf(tagged(tag)) === exitCodes.failed && !untold.includes(tag)
  )
  expect(plain).toEqual([])
})

test.each([
  ["XmlError", 3],
  ["DomainNotFound", 4],
  ["RequestDenied", 5],
  ["RootLocked", 6],
  ["StartFailed", 7],
  ["StateNotReached", 8],
  ["Surprise", 1]
])("%s ends with %d", (tag, code) => {
  expect(exitCodeOf(tagged(tag))).toBe(code)
})

test("a refusal is told in the user's words, not in those of actors and charts", () => {
  const denied = new errors.RequestDenied({
    actor: "domain/1",
    request: "suspend",
    state: "life.shutoff job.idle",
    because: "the domain is not running"
  })
  expect(sentenceOf(denied)).toBe("cannot suspend: the domain is not running")
  expect(nextStep(denied)).toContain("troupe list")
})
