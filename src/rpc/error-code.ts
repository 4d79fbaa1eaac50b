/**
 * One total table: every error that a call may fail with, and what libvirt calls it on the wire. An
 * error without a row does not compile as a failure of a handler. Bugs are not errors; what they
 * answer is made here too, and says nothing of their insides.
 */
import type { CallError } from "../../actors/driver/once.ts"
import type { ReloadError } from "../../actors/config.ts"
import type { DeviceError } from "../engine/device.ts"
import type { DefineError } from "../engine/engine.ts"
import type { StateNotReached } from "../engine/waiting.ts"
import type { FileError } from "../host/files.ts"
import type { SpawnError } from "../host/process.ts"
import type { SocketError } from "../host/socket.ts"
import type { RequestDenied } from "../kernel/error.ts"
import type { AgentError, ConsoleBusy, ConsoleUnavailable } from "../model/agent-error.ts"
import type { DeviceBusy, DomainGone, OperationFailed } from "../model/domain-error.ts"
import type { StartFailed, StillDying } from "../model/domain-error.ts"
import type { DeviceBroken, DeviceNotReady } from "../model/hostdev-error.ts"
import type { GuestRefused, GuestSilent, GuestUnsupported } from "../model/guest-error.ts"
import type { InvalidArgument, NotRunning } from "../model/guest-error.ts"
import type { StorageError } from "../model/storage-error.ts"
import type { NodeDeviceUnfit } from "../node/device-error.ts"
import type { CpuIncompatible, NodeArgumentInvalid, NodeUnsupported } from "../node/error.ts"
import type { QmpError } from "../qmp/error.ts"
import type { WireError } from "./protocol/error-payload.ts"
import { type ErrorDomain, errorDomains, type ErrorName, errorNumbers } from "./refusal.ts"
import type { RpcRefusal } from "./refusal.ts"

/** Whatever a handler may fail with. */
export type Fault =
  | AgentError
  | CallError
  | ConsoleBusy
  | ConsoleUnavailable
  | CpuIncompatible
  | DefineError
  | DeviceBroken
  | DeviceBusy
  | DeviceError
  | DeviceNotReady
  | DomainGone
  | FileError
  | GuestRefused
  | GuestSilent
  | GuestUnsupported
  | InvalidArgument
  | NodeArgumentInvalid
  | NodeDeviceUnfit
  | NodeUnsupported
  | NotRunning
  | OperationFailed
  | QmpError
  | ReloadError
  | RpcRefusal
  | SocketError
  | SpawnError
  | StartFailed
  | StateNotReached
  | StillDying
  | StorageError

interface Row {
  readonly code: ErrorName
  readonly domain?: ErrorDomain
}

/** The one place where an error of ours meets a number of libvirt's. */
const rows = {
  ActorCrashed: { code: "INTERNAL_ERROR" },
  ActorStopped: { code: "OPERATION_INVALID" },
  AgentNonsense: { code: "INTERNAL_ERROR" },
  AgentNotConfigured: { code: "ARGUMENT_UNSUPPORTED" },
  AgentRefused: { code: "INTERNAL_ERROR" },
  AgentUnresponsive: { code: "AGENT_UNRESPONSIVE" },
  AskCycle: { code: "INTERNAL_ERROR" },
  ConfigError: { code: "CONFIG_UNSUPPORTED" },
  Conflict: { code: "CONFIG_UNSUPPORTED" },
  ConsoleBusy: { code: "OPERATION_FAILED" },
  ConsoleUnavailable: { code: "INTERNAL_ERROR" },
  CpuIncompatible: { code: "CPU_INCOMPATIBLE", domain: "CPU" },
  DefinitionQuarantined: { code: "OPERATION_INVALID" },
  DeviceBroken: { code: "OPERATION_INVALID" },
  DeviceBusy: { code: "OPERATION_INVALID" },
  DeviceExists: { code: "OPERATION_INVALID" },
  DeviceMissing: { code: "DEVICE_MISSING" },
  DeviceNotReady: { code: "OPERATION_FAILED" },
  DomainExists: { code: "OPERATION_FAILED", domain: "DOMAIN" },
  DomainGone: { code: "OPERATION_INVALID" },
  DomainNotFound: { code: "NO_DOMAIN" },
  FileError: { code: "SYSTEM_ERROR" },
  GroupNotViable: { code: "OPERATION_FAILED" },
  GuestRefused: { code: "INTERNAL_ERROR" },
  GuestSilent: { code: "OPERATION_TIMEOUT" },
  GuestUnsupported: { code: "OPERATION_UNSUPPORTED" },
  HelperRefused: { code: "OPERATION_FAILED" },
  HostdevAmbiguous: { code: "OPERATION_FAILED" },
  HostdevNotFound: { code: "OPERATION_FAILED" },
  HostdevUnusable: { code: "CONFIG_UNSUPPORTED" },
  ImageToolFailed: { code: "OPERATION_FAILED", domain: "STORAGE" },
  InvalidArgument: { code: "INVALID_ARG" },
  InvalidDomain: { code: "XML_ERROR", domain: "DOMAIN" },
  MailboxFull: { code: "OPERATION_TIMEOUT" },
  NoAccount: { code: "CONFIG_UNSUPPORTED" },
  NodeArgumentInvalid: { code: "INVALID_ARG" },
  NodeDeviceUnfit: { code: "INVALID_ARG", domain: "NODEDEV" },
  NodeUnsupported: { code: "CONFIG_UNSUPPORTED" },
  NotRunning: { code: "OPERATION_INVALID" },
  NotSupported: { code: "CONFIG_UNSUPPORTED" },
  OperationFailed: { code: "OPERATION_FAILED" },
  OperationRepeated: { code: "OPERATION_FAILED" },
  Overdue: { code: "OPERATION_TIMEOUT" },
  PoolActive: { code: "OPERATION_INVALID", domain: "STORAGE" },
  PoolExists: { code: "OPERATION_FAILED", domain: "STORAGE" },
  PoolInactive: { code: "OPERATION_INVALID", domain: "STORAGE" },
  PoolNotFound: { code: "NO_STORAGE_POOL", domain: "STORAGE" },
  PoolTransient: { code: "OPERATION_INVALID", domain: "STORAGE" },
  ProbeFailed: { code: "OPERATION_FAILED" },
  QmpEnded: { code: "OPERATION_FAILED" },
  QmpFault: { code: "INTERNAL_ERROR" },
  QmpRefused: { code: "OPERATION_FAILED" },
  QmpTimeout: { code: "OPERATION_TIMEOUT" },
  RequestDenied: { code: "OPERATION_INVALID" },
  SocketError: { code: "SYSTEM_ERROR" },
  SpawnError: { code: "SYSTEM_ERROR" },
  StartFailed: { code: "OPERATION_FAILED" },
  StateNotReached: { code: "OPERATION_TIMEOUT" },
  StillDying: { code: "RESOURCE_BUSY" },
  StorageBusy: { code: "RESOURCE_BUSY", domain: "STORAGE" },
  StorageRefused: { code: "INVALID_ARG", domain: "STORAGE" },
  StorageUnsupported: { code: "CONFIG_UNSUPPORTED", domain: "STORAGE" },
  StoreError: { code: "OPERATION_FAILED" },
  Unavailable: { code: "CONFIG_UNSUPPORTED" },
  VolumeExists: { code: "STORAGE_VOL_EXIST", domain: "STORAGE" },
  VolumeNotFound: { code: "NO_STORAGE_VOL", domain: "STORAGE" },
  XmlError: { code: "XML_ERROR", domain: "DOMAIN" }
} as const satisfies { readonly [tag in Exclude<Fault, RpcRefusal>["_tag"]]: Row }

/** The words that clients and scripts look for before the reason. */
const opening: { readonly [name in ErrorName]?: string } = {
  INTERNAL_ERROR: "internal error",
  NO_SUPPORT: "this function is not supported by the connection driver",
  INVALID_ARG: "invalid argument",
  OPERATION_FAILED: "operation failed",
  XML_ERROR: "XML error",
  OPERATION_DENIED: "operation forbidden",
  NO_DOMAIN: "Domain not found",
  NO_NETWORK: "Network not found",
  NO_STORAGE_POOL: "Storage pool not found",
  NO_STORAGE_VOL: "Storage volume not found",
  NO_NODE_DEVICE: "Node device not found",
  DEVICE_MISSING: "device not found",
  NO_SECRET: "Secret not found",
  OPERATION_INVALID: "Requested operation is not valid",
  CONFIG_UNSUPPORTED: "unsupported configuration",
  OPERATION_TIMEOUT: "Timed out during operation",
  ARGUMENT_UNSUPPORTED: "argument unsupported",
  NO_DOMAIN_SNAPSHOT: "Domain snapshot not found",
  NO_DOMAIN_CHECKPOINT: "Domain checkpoint not found",
  NO_DOMAIN_METADATA: "metadata not found",
  OPERATION_UNSUPPORTED: "Operation not supported",
  OPERATION_ABORTED: "operation aborted",
  AGENT_UNRESPONSIVE: "Guest agent is not responding",
  RESOURCE_BUSY: "resource busy",
  NO_INTERFACE: "Interface not found",
  NO_NWFILTER: "Network filter not found",
  NO_NWFILTER_BINDING: "Network filter binding not found",
  STORAGE_VOL_EXIST: "storage volume exists already",
  CPU_INCOMPATIBLE: "the CPU is incompatible with host CPU"
}

/** VIR_ERR_ERROR: not only a warning. */
const levelError = 2

interface ErrorDetails {
  readonly domain?: ErrorDomain
  readonly errno?: number
  /** Without the words that the code has. */
  readonly isBare?: boolean
}

/** An error by libvirt's names. */
export const wireError = (
  code: ErrorName,
  text: string,
  { domain = "QEMU", errno = -1, isBare = false }: ErrorDetails = {}
): WireError => {
  const words = isBare ? undefined : opening[code]
  return {
    code: errorNumbers[code],
    domain: errorDomains[domain],
    message: words === undefined ? text : `${words}: ${text}`,
    level: levelError,
    str1: words === undefined ? "%s" : `${words}: %s`,
    str2: text,
    str3: null,
    int1: errno,
    int2: -1
  }
}

/** Of asm-generic/errno-base.h and errno.h: those that files, sockets and processes meet. */
const errnos: { readonly [code: string]: number } = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  EBADF: 9,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  EXDEV: 18,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  EFBIG: 27,
  ENOSPC: 28,
  EROFS: 30,
  EPIPE: 32,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
  ELOOP: 40,
  ECONNRESET: 104,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EDQUOT: 122
}

const errnoOf = (fault: Fault): number => ("code" in fault ? (errnos[fault.code] ?? -1) : -1)

/** What a client should read of a refused request: the reason, or the state that stands against. */
const denied = ({ because, request, state }: RequestDenied): string =>
  because ?? `cannot ${request} while it is ${state}`

/** The reason alone, where the error's own words are those that the code puts before it. */
const textOf = (fault: Exclude<Fault, RpcRefusal>): string => {
  if (fault._tag === "RequestDenied") return denied(fault)
  return fault._tag === "CpuIncompatible" ? fault.why : fault.message
}

/** An agent without the command cannot do it at all, which callers tell from a failure. */
const rowOf = (fault: Exclude<Fault, RpcRefusal>): Row =>
  fault._tag === "AgentRefused" && fault.class === "CommandNotFound"
    ? { code: "OPERATION_UNSUPPORTED" }
    : rows[fault._tag]

export const errorOf = (fault: Fault): WireError => {
  if (fault._tag === "RpcRefusal") {
    const { code, domain, text, errno, isBare = false } = fault
    return wireError(code, text, {
      ...(domain === undefined ? {} : { domain }),
      ...(errno === undefined ? {} : { errno }),
      isBare
    })
  }
  const { code, domain } = rowOf(fault)
  return wireError(code, textOf(fault), {
    ...(domain === undefined ? {} : { domain }),
    errno: errnoOf(fault)
  })
}

/** What a bug of ours is to a client: the daemon's log has the rest. */
export const defectError = (procedure: string): WireError =>
  wireError("INTERNAL_ERROR", `${procedure} met a mistake of the daemon's; its log says more`)
