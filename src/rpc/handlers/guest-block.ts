/** Disks of a guest: counters, sizes, errors, bytes of the image, limits, another size. */
import * as Effect from "effect/Effect"
import type { BlockStats } from "../../engine/guest.ts"
import { tuneOf } from "../../qemu/guest-tune.ts"
import { long, type TypedParameter } from "../../qemu/stats.ts"
import type { Handler, Handlers, Work } from "../server/handler.ts"
import { onDomain, onGuest, refuse, unknownFlags } from "./domain-reference.ts"
import { knowing } from "./flags.ts"
import { affectFlags, exact, parametersOf } from "./guest-reference.ts"
import { stringOkay } from "./parameters.ts"

/** REMOTE_DOMAIN_BLOCK_STATS_PARAMETERS_MAX, _BLOCK_IO_TUNE_PARAMETERS_MAX, _DISK_ERRORS_MAX. */
const statsMax = 16
const tuneMax = 32
const errorsMax = 256

/** REMOTE_DOMAIN_BLOCK_PEEK_BUFFER_MAX */
const peekBytesMax = 4_194_304

/** VIR_DOMAIN_BLOCK_RESIZE_BYTES: without it the size is in KiB. */
const resizeInBytes = 1
const kibibyte = 1_024n

/** QEMU counts no errors of its own. */
const noCount = -1n

const blockStats: Handler<"remote", "DOMAIN_BLOCK_STATS"> = ({ dom, path }, client) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.blockStats(path), (stats) => ({
      rd_req: BigInt(stats.readRequests),
      rd_bytes: BigInt(stats.readBytes),
      wr_req: BigInt(stats.writeRequests),
      wr_bytes: BigInt(stats.writtenBytes),
      errs: noCount
    }))
  )

/** VIR_DOMAIN_BLOCK_STATS_* */
const statsParameters = (stats: BlockStats): readonly TypedParameter[] => [
  long("wr_bytes", stats.writtenBytes),
  long("wr_operations", stats.writeRequests),
  long("rd_bytes", stats.readBytes),
  long("rd_operations", stats.readRequests),
  long("flush_operations", stats.flushRequests),
  long("wr_total_times", stats.writeTimeNs),
  long("rd_total_times", stats.readTimeNs),
  long("flush_total_times", stats.flushTimeNs)
]

const blockStatsFlags: Handler<"remote", "DOMAIN_BLOCK_STATS_FLAGS"> = (
  { dom, path, nparams, flags },
  client
) =>
  parametersOf(
    "virDomainBlockStatsFlags",
    { nparams, max: statsMax, flags },
    onGuest(client, dom, ({ guest }) => Effect.map(guest.blockStats(path), statsParameters))
  )

const blockInfo: Handler<"remote", "DOMAIN_GET_BLOCK_INFO"> = ({ dom, path }, client) =>
  onDomain(client, dom, ({ guest }) =>
    Effect.map(guest.blockInfo(path), ({ allocation, capacity, physical }) => ({
      allocation: BigInt(allocation),
      capacity: BigInt(capacity),
      physical: BigInt(physical)
    }))
  )

/** With room for none, only how many there are is asked for. */
const diskErrors: Handler<"remote", "DOMAIN_GET_DISK_ERRORS"> = ({ dom, maxerrors }, client) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.diskErrors, (errors) =>
      maxerrors === 0
        ? { errors: [], nerrors: Math.min(errors.length, errorsMax) }
        : {
            errors: errors.slice(0, Math.min(maxerrors, errorsMax)),
            nerrors: Math.min(errors.length, maxerrors, errorsMax)
          }
    )
  )

const blockPeek: Handler<"remote", "DOMAIN_BLOCK_PEEK"> = ({ dom, path, offset, size }, client) =>
  size > peekBytesMax
    ? refuse("INVALID_ARG", `at most ${peekBytesMax} bytes are shown at once, and not ${size}`)
    : onDomain(client, dom, ({ guest }) =>
        Effect.flatMap(exact("an offset", offset), (at) =>
          Effect.map(guest.blockPeek(path, at, size), (buffer) => ({ buffer }))
        )
      )

const blockResize: Handler<"remote", "DOMAIN_BLOCK_RESIZE"> = (
  { dom, disk, size, flags },
  client
) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.flatMap(
      exact("a size", (flags & resizeInBytes) === 0 ? size * kibibyte : size),
      (bytes): Work<void> =>
        bytes === 0
          ? refuse("INVALID_ARG", "the size of a disk must be more than nothing")
          : guest.blockResize(disk, bytes)
    )
  )

/** Jobs on disks are none of ours yet; that the disk is there is looked at. */
const blockJob: Handler<"remote", "DOMAIN_GET_BLOCK_JOB_INFO"> = ({ dom, path }, client) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.as(guest.blockInfo(path), { found: 0, type: 0, bandwidth: 0n, cur: 0n, end: 0n })
  )

/** VIR_DOMAIN_BLOCK_JOB_INFO_BANDWIDTH_BYTES */
const blockJobFlags = 1

/** How many limits there are is asked for without a disk. */
const getTune: Handler<"remote", "DOMAIN_GET_BLOCK_IO_TUNE"> = (
  { dom, disk, nparams, flags },
  client
) => {
  const api = "virDomainGetBlockIoTune"
  const refused = unknownFlags(api, flags, affectFlags | stringOkay) ?? onlyLive(flags)
  if (refused !== undefined) return refused
  if (disk === null && nparams !== 0)
    return refuse("INVALID_ARG", `disk in ${api} must not be NULL`)
  return parametersOf(
    api,
    { nparams, max: tuneMax, flags },
    onGuest(client, dom, ({ guest }) =>
      disk === null ? Effect.succeed(tuneOf(undefined)) : guest.blockIoTune(disk)
    )
  )
}

const configFlag = 2

/** Limits are the guest's: a definition keeps none that would be acted on. */
const onlyLive = (flags: number) =>
  (flags & configFlag) === 0
    ? undefined
    : refuse("OPERATION_UNSUPPORTED", "limits of a disk are of the running guest only")

const setTune: Handler<"remote", "DOMAIN_SET_BLOCK_IO_TUNE"> = (
  { dom, disk, params, flags },
  client
) => {
  const refused = onlyLive(flags)
  if (refused !== undefined) return refused
  return onGuest(client, dom, ({ guest }) => guest.setBlockIoTune(disk, params))
}

export const guestBlock: Handlers = {
  remote: {
    DOMAIN_BLOCK_STATS: blockStats,
    DOMAIN_BLOCK_STATS_FLAGS: knowing("virDomainBlockStatsFlags", stringOkay, blockStatsFlags),
    DOMAIN_GET_BLOCK_INFO: knowing("virDomainGetBlockInfo", 0, blockInfo),
    DOMAIN_GET_BLOCK_JOB_INFO: knowing("virDomainGetBlockJobInfo", blockJobFlags, blockJob),
    DOMAIN_GET_DISK_ERRORS: knowing("virDomainGetDiskErrors", 0, diskErrors),
    DOMAIN_BLOCK_PEEK: knowing("virDomainBlockPeek", 0, blockPeek),
    DOMAIN_BLOCK_RESIZE: knowing("virDomainBlockResize", resizeInBytes, blockResize),
    DOMAIN_GET_BLOCK_IO_TUNE: getTune,
    DOMAIN_SET_BLOCK_IO_TUNE: knowing("virDomainSetBlockIoTune", affectFlags, setTune)
  }
}
