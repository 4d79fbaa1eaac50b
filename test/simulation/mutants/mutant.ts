/**
 * A mutant, as data: one guard of the engine taken away, so that a known bug is back in its natural
 * form. It says which text of which file becomes what; nothing here reads or changes a file.
 */

/** One replacement. */
export interface Edit {
  /** From the root of the repository. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly find: string
  readonly replace: string
}

export interface Mutant {
  /** `M-Z008`, after the first record that it brings back; `M-I29a` after a law where none fits. */
  readonly id: string
  /** Records of the zoo whose bug this is. */
  readonly zoo: readonly string[]
  /** What goes wrong, in one clause. */
  readonly title: string
  /** A schedule and faults that show it. */
  readonly shows: string
  /** Invariants that may see it. Informative: any violation kills. */
  readonly expects: readonly string[]
  /** The shape that is to fail on it. */
  readonly shape: string
  readonly edits: readonly Edit[]
}
