/** Every error that a client sees is one of the closed list; a defect is nobody's answer. */
import type { Invariant } from "../simulation/view.ts"

/** The names in `src/errors.ts`, which a test holds equal. */
export const errorNames: ReadonlySet<string> = new Set([
  "ActorCrashed",
  "ActorStopped",
  "AgentNonsense",
  "AgentNotConfigured",
  "AgentRefused",
  "AgentUnresponsive",
  "AskCycle",
  "ConfigError",
  "Conflict",
  "ConsoleBusy",
  "ConsoleUnavailable",
  "CpuIncompatible",
  "DefinitionQuarantined",
  "DeviceBroken",
  "DeviceBusy",
  "DeviceExists",
  "DeviceMissing",
  "DeviceNotReady",
  "DomainExists",
  "DomainGone",
  "DomainNotFound",
  "FileError",
  "GroupNotViable",
  "GuestRefused",
  "GuestSilent",
  "GuestUnsupported",
  "HostdevAmbiguous",
  "HostdevNotFound",
  "HostdevUnusable",
  "ImageToolFailed",
  "InvalidArgument",
  "InvalidDomain",
  "MailboxFull",
  "NodeArgumentInvalid",
  "NodeDeviceNotFound",
  "NodeDeviceUnfit",
  "NodeUnsupported",
  "NotRunning",
  "NotSupported",
  "OperationFailed",
  "OperationRepeated",
  "Overdue",
  "PoolActive",
  "PoolExists",
  "PoolInactive",
  "PoolNotFound",
  "PoolTransient",
  "ProbeFailed",
  "RequestDenied",
  "RootLocked",
  "SocketError",
  "StartFailed",
  "StateNotReached",
  "StillDying",
  "StorageBusy",
  "StorageRefused",
  "StorageUnsupported",
  "StoreError",
  "Unavailable",
  "VolumeExists",
  "VolumeNotFound",
  "XmlError"
])

export const typedErrors: Invariant = {
  id: "E01",
  name: "TypedErrors",
  statement:
    "Each error that a client is given is of the closed list of errors, and says something; none " +
    "is a defect, and who stayed is never told of an interruption.",
  make: () => ({
    history: ({ history }) => {
      for (const { id, call, result } of history.operations) {
        if (result?.kind !== "error") continue
        const { tag, message } = result
        if (!errorNames.has(tag)) return `${call.call} ${id} failed with ${tag}: ${message}`
        if (message.trim() === "") return `${call.call} ${id} failed with ${tag} and no word`
      }
      return undefined
    }
  })
}
