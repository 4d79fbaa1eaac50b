/**
 * The disks of a guest, as its callers ask: counters and sizes, errors, contents, limits, and a new
 * size. Sizes and contents also of a domain that is off.
 */
import * as Effect from "effect/Effect"
import type { DomainRef } from "../../actors/domain/domain.ts"
import * as DomainActor from "../../actors/domain/domain.ts"
import type { Reached } from "../../actors/domain/reach.ts"
import * as Reads from "../../actors/driver/reads.ts"
import { OperationFailed } from "../model/domain-error.ts"
import type { Disk } from "../model/device/disk.ts"
import { GuestUnsupported } from "../model/guest-error.ts"
import {
  type BlockStats,
  type DiskFigures,
  errorOf,
  findDisk,
  pathOf,
  readDisks,
  sumOf
} from "../qemu/guest-block.ts"
import { imageSizes, peekImage } from "../qemu/guest-image.ts"
import { resizeDisk, setTune, tuned, tuneOf, tuneTold } from "../qemu/guest-tune.ts"
import type { ImageSizes } from "../qemu/stats-groups.ts"
import type { TypedParameter } from "../qemu/stats.ts"
import type { BlockInfo, DiskError, Guest } from "./guest.ts"
import { asking, type GuestScope, invalid, reachIn, telling } from "./guest-scope.ts"

/** REMOTE_DOMAIN_BLOCK_PEEK_BUFFER_MAX */
export const peekBytesMax = 4 * 1024 * 1024

const noDisk = (domain: string, disk: string) =>
  invalid(domain, "disk", `there is no disk '${disk}'`)

/** The disk as QEMU has it. */
const figuresOf = (guest: Reached, wanted: string) =>
  Effect.gen(function* () {
    const { domain, live, ask } = guest
    const disk = findDisk(live, wanted)
    if (disk === undefined) return yield* noDisk(domain, wanted)
    const found = (yield* readDisks(ask, live)).find((one) => one.disk === disk)
    if (found !== undefined) return found
    return yield* new OperationFailed({
      domain,
      operation: "find a disk of",
      why: `its QEMU does not know '${disk.target.dev}'`
    })
  })

/** As virDomainGetBlockInfo has them of a running guest. */
export const liveSizes = (
  { images: [image] }: DiskFigures,
  sizes: ImageSizes | undefined
): BlockInfo | undefined => {
  if (image?.virtualBytes === undefined) return undefined
  const onDisk = image.actualBytes ?? image.virtualBytes
  return {
    capacity: image.virtualBytes,
    allocation: image.highestOffset === 0 ? onDisk : image.highestOffset,
    physical: sizes?.physical ?? onDisk
  }
}

/** Sizes that the file tells; `undefined` where it does not. */
export const fileSizes = (disk: Disk) => {
  const path = pathOf(disk)
  return path === undefined
    ? Effect.succeed(undefined)
    : Effect.catch(imageSizes(path, disk.driver?.type), () => Effect.succeed(undefined))
}

const sizesOff = (ref: DomainRef, wanted: string) =>
  Effect.gen(function* () {
    const { name: domain } = DomainActor.view(ref).context
    const operation = "read the size of a disk of"
    const definition = Reads.definitionOf(ref)
    const disk = definition && findDisk(definition, wanted)
    if (disk === undefined) return yield* noDisk(domain, wanted)
    const path = pathOf(disk)
    if (path === undefined) {
      const why = `'${wanted}' is empty, or not a file of the host`
      return yield* new GuestUnsupported({ domain, operation, why })
    }
    return yield* imageSizes(path, disk.driver?.type).pipe(
      Effect.mapError((error) => {
        const why = error._tag === "SizeUnknown" ? error.why : error.message
        return new OperationFailed({ domain, operation, why })
      })
    )
  })

const isRunning = (ref: DomainRef): boolean => DomainActor.view(ref).context.epoch !== undefined

const infoOf = ({ consult, driver }: GuestScope): Guest["blockInfo"] => {
  const operation = "read the size of a disk of"
  return (wanted) =>
    consult("domainGetBlockInfo", (ref) =>
      Effect.gen(function* () {
        if (!isRunning(ref)) return yield* sizesOff(ref, wanted)
        const guest = yield* reachIn(driver, ref, operation)
        const figures = yield* figuresOf(guest, wanted)
        const sizes = liveSizes(figures, yield* fileSizes(figures.disk))
        if (sizes !== undefined) return sizes
        const why = `'${wanted}' is empty`
        return yield* new GuestUnsupported({ domain: guest.domain, operation, why })
      })
    )
}

const peekOf =
  ({ consult }: GuestScope): Guest["blockPeek"] =>
  (wanted, offset, sizeBytes) =>
    consult("domainBlockPeek", (ref) =>
      Effect.gen(function* () {
        const { name: domain } = DomainActor.view(ref).context
        const definition = Reads.definitionOf(ref)
        const disk = definition && findDisk(definition, wanted)
        const path = disk && pathOf(disk)
        if (path === undefined) return yield* noDisk(domain, wanted)
        if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0 || sizeBytes > peekBytesMax)
          return yield* invalid(domain, "size", `must be at most ${peekBytesMax} bytes`)
        if (!Number.isSafeInteger(offset) || offset < 0)
          return yield* invalid(domain, "offset", "must be a place in the disk")
        const operation = "look into a disk of"
        const bytes = yield* peekImage(path, offset, sizeBytes).pipe(
          Effect.mapError(({ message }) => new OperationFailed({ domain, operation, why: message }))
        )
        if (bytes.byteLength === sizeBytes) return bytes
        const why = `'${path}' ends before byte ${offset + sizeBytes}`
        return yield* new OperationFailed({ domain, operation, why })
      })
    )

/** A sector: QEMU counts a disk in these. */
const sectorBytes = 512

const resizeOf = (scope: GuestScope): Guest["blockResize"] => {
  const operation = "resize a disk of"
  return (wanted, sizeBytes) =>
    telling(scope)({ procedure: "domainBlockResize", operation }, (guest) =>
      Effect.gen(function* () {
        const { domain, ask } = guest
        const { disk, node } = yield* figuresOf(guest, wanted)
        if (node === undefined || disk.isReadonly)
          return yield* invalid(domain, "disk", `'${wanted}' is empty or cannot be written`)
        if (sizeBytes === 0)
          return yield* invalid(domain, "size", "must be said: this is no block device")
        if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0)
          return yield* invalid(domain, "size", "is no size of a disk")
        yield* resizeDisk(ask, node, Math.ceil(sizeBytes / sectorBytes) * sectorBytes)
      })
    )
}

const tuning = (scope: GuestScope) => ({
  blockIoTune: (wanted: string) =>
    asking(scope)(
      { procedure: "domainGetBlockIoTune", operation: "read the limits of a disk of" },
      (guest) => Effect.map(figuresOf(guest, wanted), ({ inserted }) => tuneOf(inserted))
    ),
  setBlockIoTune: (wanted: string, params: readonly TypedParameter[]) =>
    telling(scope)(
      { procedure: "domainSetBlockIoTune", operation: "limit a disk of" },
      (guest, { ref, parts }) =>
        Effect.gen(function* () {
          const { domain, ask } = guest
          const figures = yield* figuresOf(guest, wanted)
          const words = tuned(figures, params)
          if ("why" in words) return yield* invalid(domain, words.argument, words.why)
          yield* setTune(ask, words.words)
          const { uuid, id } = DomainActor.view(ref).context
          const told = tuneTold(figures.disk.target.dev, params)
          parts.events.happened({ uuid, name: domain, id, type: "tunable", params: told })
        })
    )
})

const errorsOf = (scope: GuestScope): Guest["diskErrors"] =>
  asking(scope)(
    { procedure: "domainGetDiskErrors", operation: "read disk errors of" },
    ({ ask, live }) =>
      Effect.map(readDisks(ask, live), (disks): readonly DiskError[] =>
        disks.flatMap((figures) => {
          const error = errorOf(figures)
          return error === undefined ? [] : [{ disk: figures.disk.target.dev, error }]
        })
      )
  )

export const blockOf = (
  scope: GuestScope
): Pick<
  Guest,
  | "blockStats"
  | "blockInfo"
  | "blockPeek"
  | "blockResize"
  | "blockIoTune"
  | "setBlockIoTune"
  | "diskErrors"
> => ({
  blockStats: (wanted) =>
    asking(scope)(
      { procedure: "domainBlockStats", operation: "read block statistics of" },
      (guest): Effect.Effect<BlockStats, Effect.Error<ReturnType<typeof figuresOf>>> =>
        wanted === ""
          ? Effect.map(readDisks(guest.ask, guest.live), sumOf)
          : Effect.map(figuresOf(guest, wanted), (figures) => sumOf([figures]))
    ),
  blockInfo: infoOf(scope),
  blockPeek: peekOf(scope),
  blockResize: resizeOf(scope),
  diskErrors: errorsOf(scope),
  ...tuning(scope)
})
