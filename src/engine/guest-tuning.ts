/**
 * What limits a guest, as its callers ask. A definition that asks for limits of control groups has
 * them kept and not carried out, so the one true answer is: none, or that it cannot be told.
 */
import * as Effect from "effect/Effect"
import { GuestUnsupported } from "../model/guest-error.ts"
import { int, long, text, type TypedParameter, unsigned, unsignedLong } from "../qemu/stats.ts"
import type { Guest } from "./guest.ts"
import { definitionFor, type GuestScope, isKept } from "./guest-scope.ts"

/** VIR_DOMAIN_MEMORY_PARAM_UNLIMITED */
const unlimitedKiB = 9_007_199_254_740_991

/** No limit is set: 0 is that for a scheduler's parameters. */
const scheduler: readonly TypedParameter[] = [
  unsignedLong("cpu_shares", 0),
  unsignedLong("vcpu_period", 0),
  long("vcpu_quota", 0),
  unsignedLong("emulator_period", 0),
  long("emulator_quota", 0),
  unsignedLong("global_period", 0),
  long("global_quota", 0),
  unsignedLong("iothread_period", 0),
  long("iothread_quota", 0)
]

const blkio: readonly TypedParameter[] = [
  unsigned("weight", 0),
  ...[
    "device_weight",
    "device_read_iops_sec",
    "device_write_iops_sec",
    "device_read_bytes_sec",
    "device_write_bytes_sec"
  ].map((field) => text(field, ""))
]

const memory: readonly TypedParameter[] = ["hard_limit", "soft_limit", "swap_hard_limit"].map(
  (field) => unsignedLong(field, unlimitedKiB)
)

/** VIR_DOMAIN_NUMATUNE_MEM_STRICT */
const numaStrict = 0

const numa: readonly TypedParameter[] = [int("numa_mode", numaStrict), text("numa_nodeset", "")]

interface Kind {
  readonly procedure: string
  readonly operation: string
  /** The element of the definition that would say more. */
  readonly element: string
  readonly none: readonly TypedParameter[]
  /** Whether a guest that runs is known to have none: nobody else limits it. */
  readonly isTrueLive: boolean
}

const read =
  ({ consult }: GuestScope, { procedure, operation, element, none, isTrueLive }: Kind) =>
  (affects: Parameters<Guest["numaParameters"]>[0]) =>
    consult(procedure, (ref) =>
      Effect.gen(function* () {
        const { name, definition, isLive } = yield* definitionFor(ref, operation, affects)
        const cannot = (why: string) => new GuestUnsupported({ domain: name, operation, why })
        if (isKept(definition, element))
          return yield* cannot(`its <${element}> is kept, and not carried out`)
        if (isLive && !isTrueLive) return yield* cannot("what a control group gives it is not read")
        return none
      })
    )

export const tuningOf = (
  scope: GuestScope
): Pick<
  Guest,
  "schedulerParameters" | "blkioParameters" | "memoryParameters" | "numaParameters"
> => ({
  schedulerParameters: read(scope, {
    procedure: "domainGetSchedulerParameters",
    operation: "read the scheduler parameters of",
    element: "cputune",
    none: scheduler,
    isTrueLive: false
  }),
  blkioParameters: read(scope, {
    procedure: "domainGetBlkioParameters",
    operation: "read the block I/O parameters of",
    element: "blkiotune",
    none: blkio,
    isTrueLive: false
  }),
  memoryParameters: read(scope, {
    procedure: "domainGetMemoryParameters",
    operation: "read the memory parameters of",
    element: "memtune",
    none: memory,
    isTrueLive: true
  }),
  numaParameters: read(scope, {
    procedure: "domainGetNumaParameters",
    operation: "read the NUMA parameters of",
    element: "numatune",
    none: numa,
    isTrueLive: true
  })
})
