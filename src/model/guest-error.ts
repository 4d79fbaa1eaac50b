/**
 * How a question to a running guest, or a change of one, can fail for reasons that the asker can do
 * something about. Beside these: the domain is not there, or ended meanwhile (`domain-error.ts`).
 */
import * as Data from "effect/Data"

/** It takes a running domain, and this one is not. libvirt: VIR_ERR_OPERATION_INVALID. */
export class NotRunning extends Data.TaggedError("NotRunning")<{
  readonly domain: string
  readonly operation: string
}> {
  override get message(): string {
    return `cannot ${this.operation} '${this.domain}': it is not running`
  }
}

/** QEMU understood and refused, in its own words. libvirt: VIR_ERR_INTERNAL_ERROR. */
export class GuestRefused extends Data.TaggedError("GuestRefused")<{
  readonly domain: string
  /** The QMP command. */
  readonly command: string
  /** QEMU's error class: `GenericError`, `CommandNotFound`, `DeviceNotFound`, ... */
  readonly class: string
  readonly why: string
}> {
  override get message(): string {
    return `QEMU of '${this.domain}' refuses '${this.command}': ${this.why}`
  }
}

/**
 * QEMU lives and does not answer, or cannot be reached yet. The guest stays as last known, and can
 * be destroyed. libvirt: VIR_ERR_OPERATION_TIMEOUT.
 */
export class GuestSilent extends Data.TaggedError("GuestSilent")<{
  readonly domain: string
  readonly operation: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.operation} '${this.domain}': ${this.why}`
  }
}

/** This guest, QEMU or host cannot do it. libvirt: VIR_ERR_OPERATION_UNSUPPORTED. */
export class GuestUnsupported extends Data.TaggedError("GuestUnsupported")<{
  readonly domain: string
  readonly operation: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.operation} '${this.domain}': ${this.why}`
  }
}

/** What was asked for makes no sense for this domain. libvirt: VIR_ERR_INVALID_ARG. */
export class InvalidArgument extends Data.TaggedError("InvalidArgument")<{
  readonly domain: string
  /** Which argument: `disk`, `vcpus`, `keycode`, ... */
  readonly argument: string
  readonly why: string
}> {
  override get message(): string {
    return `${this.argument} for '${this.domain}': ${this.why}`
  }
}
