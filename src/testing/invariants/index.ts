/** All laws that a run is held to, by number. */
import type { Invariant } from "../simulation/view.ts"
import { oneQemuPerUuid } from "./i01-one-qemu-per-uuid.ts"
import { nameUuidBijection } from "./i02-name-uuid-bijection.ts"
import { reservationOwned } from "./i03-reservation-owned.ts"
import { epochFenced } from "./i04-epoch-fenced.ts"
import { undefineIsFinal } from "./i05-undefine-is-final.ts"
import { exactlyOneReply } from "./i06-exactly-one-reply.ts"
import { linearizable } from "./i07-linearizable.ts"
import { phaseExclusion } from "./i08-phase-exclusion.ts"
import { configSnapshotStable } from "./i09-config-snapshot-stable.ts"
import { boundedReply } from "./i10-bounded-reply.ts"
import { bulkhead } from "./i11-bulkhead.ts"
import { noAskCycle } from "./i12-no-ask-cycle.ts"
import { turnAtomic } from "./i13-turn-atomic.ts"
import { jobBalanced } from "./i14-job-balanced.ts"
import { destroyAlwaysAdmitted } from "./i15-destroy-always-admitted.ts"
import { killConfirmed } from "./i16-kill-confirmed.ts"
import { legalTransitions } from "./i17-legal-transitions.ts"
import { eventOrder } from "./i18-event-order.ts"
import { eventAfterEffect } from "./i19-event-after-effect.ts"
import { noSilentEventLoss } from "./i20-no-silent-event-loss.ts"
import { eofTerminal } from "./i21-eof-terminal.ts"
import { qmpMatchById } from "./i22-qmp-match-by-id.ts"
import { hostdevExclusive } from "./i23-hostdev-exclusive.ts"
import { hostdevPartition } from "./i24-hostdev-partition.ts"
import { allOrNothingAcquire } from "./i25-all-or-nothing-acquire.ts"
import { noLeak } from "./i26-no-leak.ts"
import { nactiveExact } from "./i27-nactive-exact.ts"
import { closeCallbackOnce } from "./i28-close-callback-once.ts"
import { durableAck } from "./i29-durable-ack.ts"
import { recoveryComplete } from "./i30-recovery-complete.ts"
import { recoveryIdempotent } from "./i31-recovery-idempotent.ts"
import { pidIdentity } from "./i32-pid-identity.ts"
import { corruptContained } from "./i33-corrupt-contained.ts"
import { noSecretOut } from "./i35-no-secret-out.ts"
import { pathConfined } from "./i36-path-confined.ts"
import { boundedMemory } from "./i37-bounded-memory.ts"
import { noCrash } from "./no-crash.ts"
import { typedErrors } from "./typed-errors.ts"

export const invariants: readonly Invariant[] = [
  oneQemuPerUuid,
  nameUuidBijection,
  reservationOwned,
  epochFenced,
  undefineIsFinal,
  exactlyOneReply,
  linearizable,
  phaseExclusion,
  configSnapshotStable,
  boundedReply,
  bulkhead,
  noAskCycle,
  turnAtomic,
  jobBalanced,
  destroyAlwaysAdmitted,
  killConfirmed,
  legalTransitions,
  eventOrder,
  eventAfterEffect,
  noSilentEventLoss,
  eofTerminal,
  qmpMatchById,
  hostdevExclusive,
  hostdevPartition,
  allOrNothingAcquire,
  noLeak,
  nactiveExact,
  closeCallbackOnce,
  durableAck,
  recoveryComplete,
  recoveryIdempotent,
  pidIdentity,
  corruptContained,
  noSecretOut,
  pathConfined,
  boundedMemory,
  typedErrors,
  noCrash
]
