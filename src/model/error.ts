/** The errors of the model: a definition that is well-formed and still cannot be one. */
import * as Data from "effect/Data"

/** A definition contradicts itself or a rule of the model. `path` names the place in the model. */
export class InvalidDomain extends Data.TaggedError("InvalidDomain")<{
  readonly domain: string
  readonly path: string
  readonly reason: string
}> {
  override get message(): string {
    const name = JSON.stringify(this.domain)
    return `the definition of ${name} is invalid: ${this.path}: ${this.reason}`
  }
}

/** A definition says something that is not acted on yet and that would change the guest. */
export class NotSupported extends Data.TaggedError("NotSupported")<{
  readonly domain: string
  readonly what: string
  readonly consequence: "guest" | "security"
}> {
  override get message(): string {
    const lost =
      this.consequence === "guest" ? "the guest would differ" : "its protection would differ"
    const name = JSON.stringify(this.domain)
    return `${name} asks for ${this.what}, which is not acted on yet: ${lost}`
  }
}

export type ModelError = InvalidDomain | NotSupported
