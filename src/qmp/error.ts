/** How a QMP command can fail; the four things that a caller can do something about. */
import * as Data from "effect/Data"

/** QEMU answered with an error. `class` is nearly always `GenericError`. */
export class QmpRefused extends Data.TaggedError("QmpRefused")<{
  readonly command: string
  readonly class: string
  /** QEMU's own words. */
  readonly desc: string
}> {
  override get message(): string {
    return `QEMU refused '${this.command}': ${this.desc}`
  }
}

/** QEMU did not answer in time. Whether it did what was asked is unknown: query, then repeat. */
export class QmpTimeout extends Data.TaggedError("QmpTimeout")<{
  readonly command: string
  readonly timeoutMs: number
}> {
  override get message(): string {
    return `QEMU did not answer '${this.command}' within ${this.timeoutMs} ms`
  }
}

/** The connection ended before the answer. */
export class QmpEnded extends Data.TaggedError("QmpEnded")<{
  readonly command: string
  /** The errno name, or that the peer closed. */
  readonly because: string
}> {
  override get message(): string {
    return `the monitor ended before QEMU answered '${this.command}': ${this.because}`
  }
}

/** One of the two broke the protocol; the conversation is over. */
export class QmpFault extends Data.TaggedError("QmpFault")<{ readonly problem: string }> {
  override get message(): string {
    return `QEMU does not speak QMP: ${this.problem}`
  }
}

export type QmpError = QmpRefused | QmpTimeout | QmpEnded | QmpFault
