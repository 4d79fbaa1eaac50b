/**
 * Which deliveries belong together, so that a strategy can hold one party back for long: the turns
 * of one actor, or the work of one realm. A reply, a timer and a fiber that goes on carry no
 * name of their own and stand alone.
 */
import type { Candidate } from "./strategy.ts"

/** Labels that many parties share. */
const anonymous = new Set(["reply", "fiber", "timer", "room"])

/** One state for each chain, made when the chain is first seen. */
export class Chains<S extends object> {
  private readonly make: (candidate: Candidate) => S
  private readonly named = new Map<string, Map<string, S>>()
  private readonly alone = new WeakMap<Candidate, S>()

  constructor(make: (candidate: Candidate) => S) {
    this.make = make
  }

  of(candidate: Candidate): S {
    const known = this.alone.get(candidate)
    if (known !== undefined) return known
    const state = anonymous.has(candidate.label) ? this.make(candidate) : this.shared(candidate)
    // Looked up once for as long as it waits, not at each choice.
    this.alone.set(candidate, state)
    return state
  }

  private shared(candidate: Candidate): S {
    const inRealm = this.named.get(candidate.realm) ?? new Map<string, S>()
    this.named.set(candidate.realm, inRealm)
    const state = inRealm.get(candidate.label) ?? this.make(candidate)
    inRealm.set(candidate.label, state)
    return state
  }
}
