/**
 * What a domain's chart knows, what may be asked of it, and what it is told. Plain data; the same
 * words in the chart, in the actor and in traces.
 */
import type { Request, RequestMessage } from "../../src/base/protocol.ts"
import type { Device } from "../../src/model/device.ts"
import type { Domain } from "../../src/model/domain.ts"
import type {
  DomainGone,
  OperationFailed,
  StartFailed,
  StillDying
} from "../../src/model/domain-error.ts"
import type { DomainHappening } from "../../src/model/event.ts"
import type { Change } from "./change.ts"

/** What a guest can be told through its hardware or its agent. */
export type Signal = "shutdown" | "reboot" | "reset" | "wakeup"
export type SignalMode = "default" | "acpi" | "agent"

/** A host process for the life of the host's boot. */
export interface ProcessRef {
  readonly pid: number
  readonly startTime: string
}

export interface Starter {
  readonly call: number
  readonly isPaused: boolean
  /** The connection whose end destroys the guest. */
  readonly autoDestroy: string | undefined
}

export interface DomainContext {
  readonly uuid: string
  readonly name: string
  /** What the next start uses. Absent: the domain is transient, or not defined yet. */
  readonly persistent: Domain | undefined
  /** What the running guest has. */
  readonly live: Domain | undefined
  readonly isAutostart: boolean

  /** This start, and no other: `GENERATION.COUNTER`. */
  readonly epoch: string | undefined
  /** libvirt's number of a running domain; -1 when it is not running. */
  readonly id: number
  readonly process: ProcessRef | undefined
  readonly autoDestroy: string | undefined

  /** How long QEMU may take to end by itself before it is killed: it flushes its disks then. */
  readonly graceMs: number
  /** libvirt's reason within the present state. */
  readonly reason: string
  /** What QEMU said before it stopped the guest by itself. */
  readonly pauseCause: string | undefined
  /**
   * When the guest powers off it is to be reset instead: how a reboot by the power button works.
   */
  readonly isRebooting: boolean

  /** Taken over before anybody wrote down that it was continued. */
  readonly isUnproven: boolean

  readonly starter: Starter | undefined
  /** Why the start came to nothing; told when all is given back. */
  readonly failure: StartFailed | undefined
  readonly destroyers: readonly number[]
  /** Suspends or resumes that wait for QEMU's word. */
  readonly waiters: readonly number[]
  readonly job: { readonly call: number; readonly change: Change } | undefined
  /** Names of devices that QEMU has let go, and that are not given back yet. */
  readonly parted: readonly string[]
  readonly signal:
    | {
        readonly call: number
        readonly signal: Signal
        readonly mode: SignalMode
        readonly wasRebooting: boolean
      }
    | undefined
}

export interface DomainInput {
  readonly uuid: string
  readonly name: string
  readonly persistent?: Domain
  readonly isAutostart?: boolean
}

export interface StartFields {
  readonly epoch: string
  readonly isPaused: boolean
  readonly autoDestroy: string | undefined
}

type Failed = OperationFailed | DomainGone

/** Requests, by region: each belongs to exactly one. */
export interface DomainProtocol {
  /** life: from the persistent definition. */
  readonly start: Request<StartFields, number, StartFailed>
  /** life: from this definition, which lasts as long as the guest. */
  readonly create: Request<StartFields & { readonly definition: Domain }, number, StartFailed>
  /**
   * With an epoch: that start and no later one. Graceful: QEMU gets the time to flush its disks.
   */
  readonly destroy: Request<
    { readonly isGraceful: boolean; readonly epoch: string | undefined },
    void,
    StillDying
  >
  readonly suspend: Request<object, void, Failed>
  readonly resume: Request<object, void, Failed>
  /** job */
  readonly change: Request<{ readonly change: Change }, void, unknown>
  /** job: off the list, if it is neither defined nor started; else nothing happens. */
  readonly discard: Request<object, void>
  /** power */
  readonly signal: Request<{ readonly signal: Signal; readonly mode: SignalMode }, void, Failed>
}

/** What scripts and QEMU tell. Facts from outside carry their epoch. */
export type DomainFact =
  | { readonly type: "adopt"; readonly record: AdoptedGuest }
  | {
      readonly type: "launched"
      readonly epoch: string
      readonly id: number
      readonly process: ProcessRef
      readonly live: Domain
    }
  /** `live`: with what was found out of the guest since it was launched, as its terminals. */
  | { readonly type: "started"; readonly isPaused: boolean; readonly live?: Domain }
  | { readonly type: "startFailed"; readonly failure: StartFailed }
  | { readonly type: "released" }
  | { readonly type: "overdue" }
  /** Clean: it ended by itself with status 0, as far as anybody knows. */
  | {
      readonly type: "exited"
      readonly epoch: string
      readonly isClean: boolean
      readonly why: string
    }
  | { readonly type: "answered"; readonly failure: Failed | undefined }
  | { readonly type: "signalled"; readonly failure: Failed | undefined; readonly viaAcpi: boolean }
  | { readonly type: "written" }
  | { readonly type: "writeFailed"; readonly error: unknown }
  | { readonly type: "unregistered" }
  | DeviceFact
  | MonitorFact
  | QmpFact

/** What the scripts of devices say. */
export type DeviceFact =
  /** The device as the guest has it, and the definition that it is to be in. */
  | {
      readonly type: "attached"
      readonly device: Device | undefined
      readonly definition: Domain | undefined
    }
  /** QEMU has been told; it has let go, or the guest takes its time. */
  | { readonly type: "unplugged"; readonly isGone: boolean }
  | { readonly type: "deviceFailed"; readonly error: unknown }
  /** What a device had of the host is given back. */
  | { readonly type: "parted"; readonly alias: string }

export type MonitorFact =
  | { readonly type: "monitorReady"; readonly epoch: string }
  | { readonly type: "monitorSilent"; readonly epoch: string }
  | { readonly type: "monitorHeard"; readonly epoch: string }
  | { readonly type: "monitorEnded"; readonly epoch: string; readonly why: string }
  | { readonly type: "reattached"; readonly status: GuestStatus }

/** What `query-status` says, reduced to what matters here. */
export type GuestStatus = "running" | "paused" | "suspended" | "shutdown" | "crashed" | "prelaunch"

export type QmpFact = { readonly epoch: string } & (
  | { readonly type: "qmpStop" | "qmpResume" | "qmpReset" | "qmpWakeup" }
  | { readonly type: "qmpSuspend"; readonly toDisk: boolean }
  | { readonly type: "qmpShutdown"; readonly isGuest: boolean; readonly reason: string }
  | { readonly type: "qmpPanicked" }
  /** QEMU is about to stop the guest for this reason. */
  | { readonly type: "qmpPauseCause"; readonly cause: string }
  | { readonly type: "qmpHappened"; readonly happening: DomainHappening }
  /** The guest has opened or closed the port of a channel, or is found to have. */
  | { readonly type: "qmpPort"; readonly alias: string; readonly isOpen: boolean }
  /** QEMU has let a device go, or the guest keeps it. */
  | { readonly type: "qmpDeleted" | "qmpUnplugRefused"; readonly alias: string }
)

/** A guest that an earlier engine had started, as its status record tells. */
export interface AdoptedGuest {
  readonly epoch: string
  readonly id: number
  readonly process: ProcessRef | undefined
  readonly live: Domain
  readonly isPaused: boolean
  readonly reason: string
  readonly autoDestroy: string | undefined
  /** It was never continued by an acknowledged start: it is no guest and has to go. */
  readonly isUnborn: boolean
  /** It was launched; if it was never continued it is no guest either, and only QEMU knows. */
  readonly isUnproven: boolean
  /** Its process was seen to be dead: what it had is to be given back. */
  readonly isOver: boolean
}

export type DomainMessage = RequestMessage<DomainProtocol> | DomainFact
