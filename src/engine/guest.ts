/**
 * What may be asked of a guest and told to it beyond its life cycle: statistics, memory, vCPUs,
 * disks, cards, screen, keys, and QEMU's own monitor. Types only, of `domain.guest`;
 * `guest-functions.ts` makes it. A question goes straight to the guest's monitor, never through
 * its domain's mailbox.
 */
import type * as Effect from "effect/Effect"
import type { DomainGone, OperationFailed } from "../model/domain-error.ts"
import type { InvalidDomain } from "../model/error.ts"
import type {
  GuestRefused,
  GuestSilent,
  GuestUnsupported,
  InvalidArgument,
  NotRunning
} from "../model/guest-error.ts"
import type { BlockStats } from "../qemu/guest-block.ts"
import type { Codeset } from "../qemu/guest-keys.ts"
import type { MemoryStat } from "../qemu/guest-memory.ts"
import type { InterfaceStats } from "../qemu/stats-groups.ts"
import type { StatsGroup, TypedParameter } from "../qemu/stats.ts"
import type { LookupError } from "./consult.ts"

export type { BlockStats, Codeset, InterfaceStats, MemoryStat, StatsGroup, TypedParameter }

/** How a question to a guest can fail. */
export type AskError =
  | LookupError
  | NotRunning
  | GuestRefused
  | GuestSilent
  | GuestUnsupported
  | InvalidArgument
  | DomainGone
  | OperationFailed

/** How a change of a guest, or of its definition, can fail. */
export type TellError = AskError | InvalidDomain

type Ask<A> = Effect.Effect<A, AskError>
type Tell = Effect.Effect<void, TellError>

/**
 * Which definition is meant: VIR_DOMAIN_AFFECT_*. Neither: the guest's when it runs, else the
 * persistent one.
 */
export interface Affects {
  readonly live?: boolean
  readonly config?: boolean
}

/** virDomainBlockInfo, in bytes. */
export interface BlockInfo {
  /** What the guest sees. */
  readonly capacity: number
  /** What it takes on the host, or the end of what was written. */
  readonly allocation: number
  /** The size of the file or device that holds it. */
  readonly physical: number
}

/** virDomainDiskError; disks without an error are not listed. */
export interface DiskError {
  /** `vda` */
  readonly disk: string
  /** 1 unspecified, 2 no space (virDomainDiskErrorCode). */
  readonly error: 1 | 2
}

/** virVcpuInfo, with the host CPUs that the vCPU may run on. */
export interface VcpuInfo {
  readonly number: number
  /** 0 offline, 1 running, 2 blocked. */
  readonly state: 0 | 1 | 2
  readonly cpuTimeNs: number
  /** The host CPU it ran on last; -1 when it is not known. */
  readonly hostCpu: number
  readonly affinity: readonly number[]
}

export interface VcpuCountOptions extends Affects {
  readonly isMaximum?: boolean
}

export interface CpuTotal {
  readonly cpuTimeNs: number
  readonly userNs: number
  readonly systemNs: number
}

/** virDomainControlInfo. */
export interface ControlInfo {
  /** ok 0, job 1, occupied 2, error 3. */
  readonly state: "ok" | "occupied" | "error"
  /** Only with `error`: what of it is not there. */
  readonly details: "none" | "unknown" | "monitor" | "internal"
  /** How long it has been in that state, or QEMU busy with its oldest command; 0 with `ok`. */
  readonly sinceMs: number
}

export interface Screenshot {
  /** `image/png`, or `image/x-portable-pixmap` of a QEMU that cannot do PNG. */
  readonly mime: string
  readonly bytes: Uint8Array
}

export interface Keys {
  readonly codeset: Codeset
  /** Pressed together, released together. */
  readonly keycodes: readonly number[]
  /** 0: QEMU's own, 100 ms. */
  readonly holdMs?: number
}

export interface StatsOptions {
  readonly groups?: readonly StatsGroup[]
  /** Images below the top too. */
  readonly withBacking?: boolean
  /** What a QEMU that is busy or silent would have to tell is left out (VIR_..._NOWAIT). */
  readonly isNowait?: boolean
}

/** What can be told of one domain; a group that cannot be told has no values. */
export interface DomainStats {
  readonly uuid: string
  readonly name: string
  readonly id: number
  readonly params: readonly TypedParameter[]
}

export interface Guest {
  /** `disk`: its target or its source's path; empty: all disks together. */
  readonly blockStats: (disk: string) => Ask<BlockStats>
  /** Also of a domain that is off. */
  readonly blockInfo: (disk: string) => Ask<BlockInfo>
  readonly diskErrors: Ask<readonly DiskError[]>
  /** Bytes of the image as it lies on the host, not as the guest sees it. */
  readonly blockPeek: (disk: string, offset: number, sizeBytes: number) => Ask<Uint8Array>
  /** `sizeBytes` 0: to the size of the block device (VIR_DOMAIN_BLOCK_RESIZE_CAPACITY). */
  readonly blockResize: (disk: string, sizeBytes: number) => Tell
  /** Limits of the running guest's disk; all are there, 0 is none. */
  readonly blockIoTune: (disk: string) => Ask<readonly TypedParameter[]>
  /** Only of the running guest. What is not named stays. */
  readonly setBlockIoTune: (disk: string, limits: readonly TypedParameter[]) => Tell

  /** `device`: its name on the host or its MAC address. */
  readonly interfaceStats: (device: string) => Ask<InterfaceStats>
  readonly interfaceParameters: (
    device: string,
    affects?: Affects
  ) => Ask<readonly TypedParameter[]>
  /** What becomes of the guest when it ends in one of these ways. */
  readonly setLifecycleAction: (
    occasion: "poweroff" | "reboot" | "crash",
    action: "destroy" | "restart" | "preserve",
    affects?: Affects
  ) => Tell
  readonly setLinkState: (device: string, isUp: boolean, affects?: Affects) => Tell

  readonly memoryStats: Ask<readonly MemoryStat[]>
  readonly setMemory: (kib: number, affects?: Affects) => Tell
  /** Of the definition; a running guest's is fixed. */
  readonly setMaximumMemory: (kib: number, affects?: Affects) => Tell
  /** Seconds between the guest's reports; 0 stops them. */
  readonly setMemoryStatsPeriod: (seconds: number, affects?: Affects) => Tell
  readonly memoryPeek: (
    start: bigint,
    sizeBytes: number,
    kind: "virtual" | "physical"
  ) => Ask<Uint8Array>

  readonly vcpuCount: (options?: VcpuCountOptions) => Ask<number>
  readonly setVcpuCount: (count: number, options?: VcpuCountOptions) => Tell
  readonly vcpuInfo: Ask<readonly VcpuInfo[]>
  /** Host CPUs of each vCPU, in order. */
  readonly vcpuPins: (affects?: Affects) => Ask<readonly (readonly number[])[]>
  readonly emulatorPin: (affects?: Affects) => Ask<readonly number[]>
  readonly cpuTotal: Ask<CpuTotal>

  readonly schedulerParameters: (affects?: Affects) => Ask<readonly TypedParameter[]>
  readonly blkioParameters: (affects?: Affects) => Ask<readonly TypedParameter[]>
  readonly memoryParameters: (affects?: Affects) => Ask<readonly TypedParameter[]>
  readonly numaParameters: (affects?: Affects) => Ask<readonly TypedParameter[]>

  readonly stats: (options?: StatsOptions) => Effect.Effect<DomainStats, LookupError>
  /** virDomainJobInfo's type: no job of ours has progress to tell yet. */
  readonly jobType: Ask<"none">
  readonly controlInfo: Ask<ControlInfo>

  readonly screenshot: (screen?: number) => Ask<Screenshot>
  readonly sendKey: (keys: Keys) => Tell
  readonly injectNmi: Tell
  /**
   * A QMP command as JSON, answered with QEMU's JSON, errors included; or a line for people
   * (`isHuman`), answered with QEMU's text.
   */
  readonly monitorCommand: (
    command: string,
    options?: { readonly isHuman?: boolean }
  ) => Ask<string>
}
