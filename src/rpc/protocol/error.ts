/**
 * What can be wrong with bytes of the protocol, or with values on their way to it. All of it is the
 * doing of a peer or of data, never of the codec itself.
 */
import * as Data from "effect/Data"

/** Bytes are not a value of the layout, or not only that. */
export class DecodeError extends Data.TaggedError("DecodeError")<{
  /** The layout's name. */
  readonly what: string
  /** The field, from the outside in: `dom.name`; empty for the whole. */
  readonly field: string
  /** Where in the payload reading ended, in bytes. */
  readonly offset: number
  readonly why: string
}> {
  override get message(): string {
    const field = this.field === "" ? "" : ` '${this.field}'`
    return `cannot decode ${this.what}${field} at byte ${this.offset}: ${this.why}`
  }
}

/** A value does not fit its layout: too long, out of range, or not text. */
export class EncodeError extends Data.TaggedError("EncodeError")<{
  readonly what: string
  readonly field: string
  readonly why: string
}> {
  override get message(): string {
    const field = this.field === "" ? "" : ` '${this.field}'`
    return `cannot encode ${this.what}${field}: ${this.why}`
  }
}

/** The stream of packets is lost: where the next one begins is not known any more. */
export class FrameError extends Data.TaggedError("FrameError")<{
  /** What the four bytes of length said. */
  readonly length: number
  readonly least: number
  readonly most: number
}> {
  override get message(): string {
    return `a packet of ${this.length} bytes is outside of ${this.least} to ${this.most}`
  }
}
