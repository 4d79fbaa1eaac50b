/** The one error of reading XML: where, what and why. */
import * as Data from "effect/Data"

/** A place in a text. Both count from 1; a column is one UTF-16 unit. */
export interface Position {
  readonly line: number
  readonly column: number
}

/**
 * A document that is refused. `problem` says how: `malformed` is not XML at all, `forbidden` is
 * XML that is never accepted (a DOCTYPE), `tooLarge` is past a bound, `missing` and `invalid` are
 * about what it says, and `unsupported` is valid for libvirt and not possible here.
 */
export class XmlError extends Data.TaggedError("XmlError")<{
  readonly problem: "malformed" | "forbidden" | "tooLarge" | "missing" | "invalid" | "unsupported"
  readonly line: number
  readonly column: number
  /** The element, as a path from the root. Empty before there is one. */
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    const where = `line ${this.line}, column ${this.column}`
    return this.path === "" ? `${where}: ${this.reason}` : `${where}: ${this.path}: ${this.reason}`
  }
}
