/** Laws that mutants asked for, beside those of the simulated world. */
import type { Invariant } from "../../../src/testing/simulation/view.ts"
import { endIsAsked } from "./asked.ts"
import { withinBounds } from "./bounds.ts"
import { deadIsDead } from "./dead.ts"
import { deadlineKept } from "./deadline.ts"
import { nothingBegins } from "./ending.ts"
import { failedIsNothing } from "./failed.ts"
import { nobodyForgotten } from "./forgotten.ts"
import { guestsWord } from "./guest-word.ts"
import { readToTheEnd } from "./monitors.ts"
import { numbersOfOne } from "./numbers.ts"
import { pausedUntilTold } from "./paused.ts"
import { recordAtRest } from "./record.ts"
import { noneForAll } from "./slow.ts"
import { toldAsItIs } from "./told.ts"

export const laws: readonly Invariant[] = [
  endIsAsked,
  deadIsDead,
  numbersOfOne,
  toldAsItIs,
  guestsWord,
  recordAtRest,
  pausedUntilTold,
  readToTheEnd,
  noneForAll,
  withinBounds,
  nobodyForgotten,
  deadlineKept,
  failedIsNothing,
  nothingBegins
]
