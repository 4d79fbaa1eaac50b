/**
 * All errors that a caller of the library can meet, in one place. Each is tagged, and its message
 * is one sentence: what, which, and why.
 */
export { ConfigError } from "./config/snapshot.ts"
export { StateNotReached } from "./engine/waiting.ts"
export { FileError } from "./host/files.ts"
export { SocketError } from "./host/socket.ts"
export {
  ActorCrashed,
  ActorStopped,
  AskCycle,
  MailboxFull,
  Overdue,
  RequestDenied
} from "./kernel/error.ts"
export {
  AgentNonsense,
  AgentNotConfigured,
  AgentRefused,
  AgentUnresponsive,
  ConsoleBusy,
  ConsoleUnavailable
} from "./model/agent-error.ts"
export {
  DefinitionQuarantined,
  DeviceBusy,
  DeviceExists,
  DeviceMissing,
  DomainExists,
  DomainGone,
  DomainNotFound,
  OperationFailed,
  StartFailed,
  StillDying
} from "./model/domain-error.ts"
export {
  GuestRefused,
  GuestSilent,
  GuestUnsupported,
  InvalidArgument,
  NotRunning
} from "./model/guest-error.ts"
export { InvalidDomain, NotSupported } from "./model/error.ts"
export {
  ImageToolFailed,
  PoolActive,
  PoolExists,
  PoolInactive,
  PoolNotFound,
  PoolTransient,
  StorageBusy,
  StorageRefused,
  StorageUnsupported,
  VolumeExists,
  VolumeNotFound
} from "./model/storage-error.ts"
export {
  DeviceBroken,
  DeviceNotReady,
  GroupNotViable,
  HostdevAmbiguous,
  HostdevNotFound,
  HostdevUnusable
} from "./model/hostdev-error.ts"
export { NodeDeviceNotFound, NodeDeviceUnfit } from "./node/device-error.ts"
export { CpuIncompatible, NodeArgumentInvalid, NodeUnsupported } from "./node/error.ts"
export { ProbeFailed } from "./qemu/probe-process.ts"
export { Conflict, Unavailable } from "./qemu/refusal.ts"
export { OperationRepeated } from "../actors/driver/once.ts"
export { RootLocked, StoreError } from "./store/error.ts"
export { XmlError } from "./xml/error.ts"
