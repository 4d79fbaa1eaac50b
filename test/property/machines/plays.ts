/** What is done with a chart, as data that shrinks: fewer plays, and each a simpler choice. */
import fc from "fast-check"
import type { Play, Plays } from "./rig.ts"

/** Words come twice as often: a chart that is only asked soon postpones everything. */
const kind = fc.constantFrom<Play["kind"]>("request", "word", "word", "word", "fact", "chance")

export const playsOf = (lengthMax: number): fc.Arbitrary<Plays> =>
  fc.array(fc.record({ kind, which: fc.nat(999) }), { maxLength: lengthMax, size: "max" })

/** Which of the words is said next on the way to rest. */
export const endings = fc.array(fc.nat(99), { minLength: 1, maxLength: 12 })
