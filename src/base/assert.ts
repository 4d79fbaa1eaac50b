/**
 * Assertions: claims about our own code that must hold. A failed one is a bug, never bad input; it
 * throws a plain Error, ends the actor it happened in and goes to that actor's supervisor.
 */

/** Throws unless `condition` holds. `claim` states the invariant positively, as a sentence. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${claim}`)
}

/** Closes an exhaustive match. The compiler rejects the call while a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: no such case: ${JSON.stringify(value)}`)
}

/**
 * The value, asserted to be there. For what an invariant guarantees; peer input is decoded instead.
 */
export function present<A>(value: A | undefined | null, claim: string): A {
  assert(value !== undefined && value !== null, claim)
  return value
}
