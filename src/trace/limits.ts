/** The bounds of a trace file, with unit and reason. */

/** Entries of one file; a writer keeps the last, a reader refuses more. Some 80 bytes each. */
export const entriesMax = 500_000

/** UTF-16 units of a file that is read: enough for so many entries, their words and a plan. */
export const traceLengthMax = 128 * 1024 * 1024

/** UTF-16 units of one word in a file. What is longer (a defect, mostly) is cut by the writer. */
export const wordLengthMax = 4096

/** UTF-16 units of one machine's JSON in inspection events: some thousand states. */
export const definitionLengthMax = 1024 * 1024

/** How deep a plan may be nested: ours are four deep. */
export const planDepthMax = 32
