/**
 * The words in which actors and their deciders speak of requests: what one carries, what it is
 * answered with and how it may fail. Types only, so that pure statecharts can use them too.
 */

/** One kind of request. Exists as a type only; nothing ever has this shape. */
export interface Request<Fields extends object = object, Reply = void, Failure = never> {
  readonly fields: Fields
  readonly reply: Reply
  readonly failure: Failure
}

/** The requests of one actor, by their name. */
export interface Protocol {
  readonly [type: string]: Request<object, unknown, unknown>
}

/** The messages in which requests travel. `call` is the number by which a decider answers it. */
export type RequestMessage<P> = {
  [T in keyof P & string]: P[T] extends Request<infer Fields, unknown, unknown>
    ? { readonly type: T; readonly call: number } & Fields
    : never
}[keyof P & string]

export type FieldsOf<P, T extends keyof P> =
  P[T] extends Request<infer F, unknown, unknown> ? F : never
export type ReplyOf<P, T extends keyof P> =
  P[T] extends Request<object, infer A, unknown> ? A : never
export type FailureOf<P, T extends keyof P> =
  P[T] extends Request<object, unknown, infer E> ? E : never

/** How a request ended, as plain data. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown }

export const answered = (value?: unknown): Answer => ({ ok: true, value })
export const failed = (error: unknown): Answer => ({ ok: false, error })
