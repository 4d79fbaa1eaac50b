/**
 * What an answer says of the effect of a call: done, refused for the state that the domain was in,
 * come to nothing for another reason, or not known. Reads the errors' classes, and their sentences
 * where the class alone does not tell.
 */
import type { Operation } from "./operation.ts"

export type Outcome =
  | "done"
  /** It says something about the domain, which the model holds against what it knows. */
  | "refused"
  /** The disk, QEMU, a bound or the engine's own phase stood in the way: nothing has changed. */
  | "void"
  /** It may have taken effect, or may still. */
  | "unknown"

/** Refusals that speak of domains. */
const aboutDomains = new Set([
  "DomainNotFound",
  "DomainExists",
  "RequestDenied",
  "OperationFailed",
  "DomainGone",
  "StillDying",
  "StartFailed"
])

/**
 * An actor that crashed or ended had perhaps done what it was asked; one that left before its
 * answer, and a defect, tell nothing.
 */
const ofUnknownOutcome = new Set(["ActorCrashed", "ActorStopped", "Interrupted", "Defect"])

/** `StoreError.isUnchanged` is false, in the words of its message. */
const isHalfWritten = (message: string) => message.includes("may have taken effect all the same")

/** The work on an accepted request goes on when its asker is told that it is late. */
const isAccepted = (message: string) => message.includes("is overdue: accepted")

/** A drain that lasts too long answers the calls under way, wherever they are. */
const isCutShort = (message: string) => message.includes("the engine ended before the call did")

/** The engine as such takes no calls. */
const isOfDriver = (message: string) => message.startsWith("'driver' refuses")

export const outcomeOf = ({ result }: Operation): Outcome => {
  if (result === undefined) return "unknown"
  if (result.kind === "ok") return "done"
  const { tag, message } = result
  if (ofUnknownOutcome.has(tag)) return "unknown"
  if (tag === "Overdue") return isAccepted(message) ? "unknown" : "void"
  if (tag === "StoreError") return isHalfWritten(message) ? "unknown" : "void"
  if (tag !== "RequestDenied") return aboutDomains.has(tag) ? "refused" : "void"
  if (isCutShort(message)) return "unknown"
  return isOfDriver(message) ? "void" : "refused"
}

export const errorTag = ({ result }: Operation): string | undefined =>
  result?.kind === "error" ? result.tag : undefined

/** Another domain has a device or the guest's end, or the host has a device of it still. */
const becauseOfOthers = / is held by | not managed: | IOMMU group |was (destroyed|stopped)/

/** The guest's root ports are taken. */
const noRoom = /no PCI slot is free/

/** What a guest has, or one of its group; what the host itself needs; what is there, or not. */
const ofDevices = new Set([
  "DeviceBusy",
  "DeviceExists",
  "DeviceMissing",
  "DeviceNotReady",
  "GroupNotViable"
])

/**
 * Without any fault these have no cause: neither disk nor QEMU failed, and nobody was interrupted.
 * A start may still fail, of a device that another domain holds, or because it was destroyed.
 */
export const isUnexplained = (operation: Operation): boolean => {
  const { call, result } = operation
  if (result?.kind !== "error") return false
  const { tag, message } = result
  if (tag === "StartFailed") return !becauseOfOthers.test(message)
  if ("device" in call && (ofDevices.has(tag) || noRoom.test(message))) return false
  if (tag === "OperationFailed") return call.call === "suspend" || call.call === "resume"
  return !["DomainNotFound", "DomainExists", "RequestDenied", "DomainGone", "Overdue"].includes(tag)
}
