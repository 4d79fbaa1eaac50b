/** What a word is asked with, and what it answers: for programs as data, for people as text. */
import type * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import type { Ids } from "../../base/ids.ts"
import type { Files } from "../../host/files.ts"
import type { Remote } from "../../rpc/client/connect.ts"
import type { Failure } from "../engine.ts"
import type { Home } from "../home.ts"
import type { Format } from "../output.ts"
import type { Screen } from "../screen.ts"

/** What a word has found or done. */
export interface Answer {
  /** For programs: an object, or an array of them. */
  readonly value: unknown
  /** For people, where a table of the value would not do. */
  readonly text?: string
}

/** A field that a table shows, under its own name or under another. */
export type Column = string | { readonly field: string; readonly head: string }

/** The services that words are asked with. */
export type WordServices = Files | Home | Ids | Scope | Screen

/** `undefined` from a word that has written all by itself. */
export type Answering = Effect.Effect<Answer | undefined, Failure, WordServices>

/** What is asked, beside what the user has given. */
export interface Asking {
  readonly remote: Remote
  readonly format: Format
}

/** What was done to whom, as one sentence. */
export const done = (name: string, sentence: string): Answer => ({
  value: { name, done: sentence },
  text: `${name} ${sentence}\n`
})

/** A text that is an answer as a whole, as XML is. */
export const whole = (field: string, text: string): Answer => ({
  value: { [field]: text },
  text: text.endsWith("\n") ? text : `${text}\n`
})
