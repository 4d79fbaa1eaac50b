/** How a call on a domain can fail for reasons of the domain's, beside what its chart refuses. */
import * as Data from "effect/Data"

/** No domain by this name, uuid or id. */
export class DomainNotFound extends Data.TaggedError("DomainNotFound")<{ readonly key: string }> {
  override get message(): string {
    return `there is no domain '${this.key}'`
  }
}

/** Name or uuid belongs to another domain, which is named. */
export class DomainExists extends Data.TaggedError("DomainExists")<{
  readonly wanted: { readonly name: string; readonly uuid: string }
  readonly existing: { readonly name: string; readonly uuid: string }
  /** The other one is only being defined or created yet. */
  readonly isReserved: boolean
}> {
  override get message(): string {
    const { wanted, existing } = this
    const what = wanted.name === existing.name ? `name '${wanted.name}'` : `uuid ${wanted.uuid}`
    const state = this.isReserved ? ", which is being made or ended" : ""
    return `${what} belongs to domain '${existing.name}' with uuid ${existing.uuid}${state}`
  }
}

/** A start came to nothing; everything it had taken was given back before this was said. */
export class StartFailed extends Data.TaggedError("StartFailed")<{
  readonly domain: string
  /** The step that failed: reserve, prepare, launch, connect, configure, continue. */
  readonly step: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot start '${this.domain}': ${this.step}: ${this.why}`
  }
}

/** The process did not die in time, or devices were slow to go back; what is left is watched. */
export class StillDying extends Data.TaggedError("StillDying")<{
  readonly domain: string
  readonly pid: number
}> {
  override get message(): string {
    const { domain, pid } = this
    return (
      `'${domain}' is not dead yet: process ${pid} has not ended, or a device of the host's is ` +
      "still on its way back to its driver; what is left of it is kept until then"
    )
  }
}

/** QEMU, the guest or the host did not do what was asked of it. */
export class OperationFailed extends Data.TaggedError("OperationFailed")<{
  readonly domain: string
  readonly operation: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.operation} '${this.domain}': ${this.why}`
  }
}

/** The domain ended while the operation was under way. */
export class DomainGone extends Data.TaggedError("DomainGone")<{
  readonly domain: string
  readonly operation: string
}> {
  override get message(): string {
    return `cannot ${this.operation} '${this.domain}': it ended meanwhile`
  }
}

/** A host device is held by another domain, or by another start of this one. */
export class DeviceBusy extends Data.TaggedError("DeviceBusy")<{
  readonly device: string
  readonly holder: string
}> {
  override get message(): string {
    return `device ${this.device} is held by ${this.holder}`
  }
}

/** The definition, or the running guest, has this device already. */
export class DeviceExists extends Data.TaggedError("DeviceExists")<{
  readonly domain: string
  /** Its element: `<hostdev>`. */
  readonly element: string
  readonly isLive: boolean
}> {
  override get message(): string {
    const { domain, element, isLive } = this
    const where = isLive ? "the running guest" : "the definition"
    return `cannot attach a device to '${domain}': ${where} has this ${element} already`
  }
}

/** The definition, or the running guest, has no such device. libvirt: VIR_ERR_DEVICE_MISSING. */
export class DeviceMissing extends Data.TaggedError("DeviceMissing")<{
  readonly domain: string
  readonly isLive: boolean
}> {
  override get message(): string {
    const { domain, isLive } = this
    const where = isLive ? "the running guest" : "the definition"
    return `cannot detach a device from '${domain}': ${where} has no such device`
  }
}

/** A definition cannot be read from disk. The file stays as it is. */
export class DefinitionQuarantined extends Data.TaggedError("DefinitionQuarantined")<{
  readonly domain: string
  readonly path: string
  readonly why: string
}> {
  override get message(): string {
    return `the definition of '${this.domain}' in '${this.path}' cannot be used: ${this.why}`
  }
}

export type DomainError =
  | DomainNotFound
  | DomainExists
  | StartFailed
  | StillDying
  | OperationFailed
  | DomainGone
  | DeviceBusy
  | DeviceExists
  | DeviceMissing
  | DefinitionQuarantined
