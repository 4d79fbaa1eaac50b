/** Why a question about the host has no answer. Few, each a thing that the caller can act on. */
import * as Data from "effect/Data"

/** The question names something that there is not: a cell, a CPU, a page size, a machine. */
export class NodeArgumentInvalid extends Data.TaggedError("NodeArgumentInvalid")<{
  readonly argument: string
  readonly why: string
}> {
  override get message(): string {
    return `${this.argument}: ${this.why}`
  }
}

/** This host, or its QEMU, has nothing to answer with. */
export class NodeUnsupported extends Data.TaggedError("NodeUnsupported")<{
  readonly what: string
  readonly why: string
}> {
  override get message(): string {
    return `${this.what} cannot be had: ${this.why}`
  }
}

/** A processor that the host cannot give, told as an error because the caller asked for one. */
export class CpuIncompatible extends Data.TaggedError("CpuIncompatible")<{
  readonly why: string
}> {
  override get message(): string {
    return `the CPU is incompatible with this host: ${this.why}`
  }
}
