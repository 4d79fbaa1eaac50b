/** What can become of a call to a daemon, and of the way to it. */
import * as Data from "effect/Data"
import type { DecodeError, EncodeError } from "../protocol/error.ts"

/** The daemon's own answer: libvirt's error, as it came. */
export class RemoteError extends Data.TaggedError("RemoteError")<{
  /** libvirt's constant without its prefix. */
  readonly procedure: string
  /** `virErrorNumber`. */
  readonly code: number
  /** `virErrorDomain`. */
  readonly domain: number
  readonly text: string
}> {
  override get message(): string {
    return this.text
  }
}

/** The connection is no more; what was asked may have been done or not. */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{
  readonly why: string
}> {
  override get message(): string {
    return `the connection to the daemon is lost: ${this.why}`
  }
}

/** Nobody answers where the daemon should be. */
export class Unreachable extends Data.TaggedError("Unreachable")<{
  readonly uri: string
  /** What was tried: paths, or HOST:PORT. */
  readonly tried: readonly string[]
  /** An errno's name, or what TLS has against it. */
  readonly code: string
}> {
  override get message(): string {
    return `cannot reach a daemon for '${this.uri}' at ${this.tried.join(", ")}: ${this.code}`
  }
  /** What is likely to help. */
  get next(): string {
    if (this.code === "EACCES") return "its socket is not for this user: ask who runs it"
    return this.tried.every((place) => place.startsWith("/"))
      ? "is it running? 'troupe daemon' starts one"
      : "does it listen there ('troupe daemon --listen'), and are the certificates of its CA?"
  }
}

/** The daemon wants to know who we are, in a way that is not spoken here. */
export class NotAdmitted extends Data.TaggedError("NotAdmitted")<{
  readonly uri: string
  readonly wanted: string
}> {
  override get message(): string {
    return `the daemon at '${this.uri}' wants ${this.wanted}`
  }
}

/** A URI that is not ours to open. */
export class BadUri extends Data.TaggedError("BadUri")<{
  readonly uri: string
  readonly why: string
  /** What to write instead. */
  readonly next: string
}> {
  override get message(): string {
    return `cannot connect to '${this.uri}': ${this.why}`
  }
}

/** What a call may fail with. */
export type CallFailure = RemoteError | ConnectionLost | DecodeError | EncodeError

export type ConnectFailure = CallFailure | NotAdmitted | Unreachable
