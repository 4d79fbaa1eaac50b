/** All laws, by number. */
import type { Invariant } from "../simulation/view.ts"
import { oneQemuPerUuid } from "./i01-one-qemu-per-uuid.ts"
import { nameUuidBijection } from "./i02-name-uuid-bijection.ts"
import { reservationOwned } from "./i03-reservation-owned.ts"
import { epochFenced } from "./i04-epoch-fenced.ts"
import { exactlyOneReply } from "./i06-exactly-one-reply.ts"
import { turnAtomic } from "./i13-turn-atomic.ts"
import { jobBalanced } from "./i14-job-balanced.ts"
import { destroyAlwaysAdmitted } from "./i15-destroy-always-admitted.ts"
import { killConfirmed } from "./i16-kill-confirmed.ts"
import { legalTransitions } from "./i17-legal-transitions.ts"
import { noCrash } from "./no-crash.ts"
import { typedErrors } from "./typed-errors.ts"

export const invariants: readonly Invariant[] = [
  oneQemuPerUuid,
  nameUuidBijection,
  reservationOwned,
  epochFenced,
  exactlyOneReply,
  turnAtomic,
  jobBalanced,
  destroyAlwaysAdmitted,
  killConfirmed,
  legalTransitions,
  typedErrors,
  noCrash
]
