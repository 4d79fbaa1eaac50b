/** Memory of a guest: what it has, what it may have, what it reports, and bytes of it. */
import * as Effect from "effect/Effect"
import type { Client, Handler, Handlers, Work } from "../server/handler.ts"
import type { remote_nonnull_domain } from "../protocol/types.ts"
import { affect, onGuest, refuse } from "./domain-reference.ts"
import { knowing } from "./flags.ts"
import { affectFlags, exact, limitsGetter, onAffected } from "./guest-reference.ts"

/** VIR_DOMAIN_MEM_MAXIMUM */
const maximum = 4

/** VIR_MEMORY_VIRTUAL and VIR_MEMORY_PHYSICAL. */
const virtual = 1
const physical = 2

/** REMOTE_DOMAIN_MEMORY_STATS_MAX, _MEMORY_PARAMETERS_MAX and _MEMORY_PEEK_BUFFER_MAX. */
const statsMax = 1_024
const parametersMax = 16
const peekBytesMax = 4_194_304

const stats: Handler<"remote", "DOMAIN_MEMORY_STATS"> = ({ dom, maxStats }, client) =>
  maxStats > statsMax
    ? refuse("INVALID_ARG", `an answer has at most ${statsMax} figures, and not ${maxStats}`)
    : onGuest(client, dom, ({ guest }) =>
        Effect.map(guest.memoryStats, (all) => ({
          stats: all.slice(0, maxStats).map(({ tag, value }) => ({ tag, val: BigInt(value) }))
        }))
      )

interface MemoryCall {
  readonly dom: remote_nonnull_domain
  readonly memory: bigint
  readonly flags: number
}

const setMemory = (call: MemoryCall, client: Client): Work<void> =>
  onAffected(client, call, ({ guest }, which) =>
    Effect.flatMap(exact("a memory size", call.memory), (kib) =>
      (call.flags & maximum) === 0
        ? guest.setMemory(kib, which)
        : guest.setMaximumMemory(kib, which)
    )
  )

const setPeriod: Handler<"remote", "DOMAIN_SET_MEMORY_STATS_PERIOD"> = (call, client) =>
  call.period < 0
    ? refuse("INVALID_ARG", `a period cannot be ${call.period} seconds`)
    : onAffected(client, call, ({ guest }, which) => guest.setMemoryStatsPeriod(call.period, which))

const peek: Handler<"remote", "DOMAIN_MEMORY_PEEK"> = ({ dom, offset, size, flags }, client) => {
  if (flags !== virtual && flags !== physical)
    return refuse("INVALID_ARG", "flags must be VIR_MEMORY_VIRTUAL or VIR_MEMORY_PHYSICAL")
  if (size > peekBytesMax)
    return refuse("INVALID_ARG", `at most ${peekBytesMax} bytes are shown at once, and not ${size}`)
  const kind = flags === virtual ? "virtual" : "physical"
  return onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.memoryPeek(offset, size, kind), (buffer) => ({ buffer }))
  )
}

export const guestMemory: Handlers = {
  remote: {
    DOMAIN_MEMORY_STATS: knowing("virDomainMemoryStats", 0, stats),
    DOMAIN_SET_MEMORY: ({ dom, memory }, client) =>
      setMemory({ dom, memory, flags: affect.live }, client),
    DOMAIN_SET_MEMORY_FLAGS: knowing("virDomainSetMemoryFlags", affectFlags | maximum, setMemory),
    DOMAIN_SET_MAX_MEMORY: ({ dom, memory }, client) =>
      setMemory({ dom, memory, flags: maximum }, client),
    DOMAIN_SET_MEMORY_STATS_PERIOD: knowing(
      "virDomainSetMemoryStatsPeriod",
      affectFlags,
      setPeriod
    ),
    DOMAIN_GET_MEMORY_PARAMETERS: limitsGetter(
      "virDomainGetMemoryParameters",
      parametersMax,
      ({ guest }, which) => guest.memoryParameters(which)
    ),
    DOMAIN_MEMORY_PEEK: peek
  }
}
