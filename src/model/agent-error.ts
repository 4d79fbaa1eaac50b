/**
 * How a call that goes through the guest's agent, or a look at a guest's console, can fail for
 * reasons that the caller can do something about.
 */
import * as Data from "effect/Data"

/** The definition has no channel for the agent. libvirt: VIR_ERR_ARGUMENT_UNSUPPORTED. */
export class AgentNotConfigured extends Data.TaggedError("AgentNotConfigured")<{
  readonly domain: string
}> {
  override get message(): string {
    return `'${this.domain}' has no channel for a guest agent`
  }
}

/**
 * The agent is not there, or did not answer in time; whether it did what it was told is unknown.
 * libvirt: VIR_ERR_AGENT_UNRESPONSIVE.
 */
export class AgentUnresponsive extends Data.TaggedError("AgentUnresponsive")<{
  readonly domain: string
  readonly command: string
  readonly why: string
}> {
  override get message(): string {
    return `the guest agent of '${this.domain}' does not answer '${this.command}': ${this.why}`
  }
}

/** The agent understood and refused. libvirt: VIR_ERR_INTERNAL_ERROR, with the agent's words. */
export class AgentRefused extends Data.TaggedError("AgentRefused")<{
  readonly domain: string
  readonly command: string
  /** The agent's error class: `CommandNotFound` (libvirt: VIR_ERR_OPERATION_UNSUPPORTED), ... */
  readonly class: string
  readonly desc: string
}> {
  override get message(): string {
    return `the guest agent of '${this.domain}' refuses '${this.command}': ${this.desc}`
  }
}

/** The agent answered with something that makes no sense. libvirt: VIR_ERR_INTERNAL_ERROR. */
export class AgentNonsense extends Data.TaggedError("AgentNonsense")<{
  readonly domain: string
  readonly command: string
  readonly why: string
}> {
  override get message(): string {
    return `the guest agent of '${this.domain}' answers '${this.command}' wrongly: ${this.why}`
  }
}

export type AgentError = AgentNotConfigured | AgentUnresponsive | AgentRefused | AgentNonsense

/**
 * There is no such console or channel, it is of a kind that cannot be opened, or the host refuses.
 * libvirt: VIR_ERR_INTERNAL_ERROR.
 */
export class ConsoleUnavailable extends Data.TaggedError("ConsoleUnavailable")<{
  readonly domain: string
  /** As it was asked for; `undefined` for the first one. */
  readonly device: string | undefined
  readonly why: string
}> {
  override get message(): string {
    const device = this.device === undefined ? "a console" : `device '${this.device}'`
    return `cannot open ${device} of '${this.domain}': ${this.why}`
  }
}

/** Somebody else has it. libvirt: VIR_ERR_OPERATION_FAILED. */
export class ConsoleBusy extends Data.TaggedError("ConsoleBusy")<{
  readonly domain: string
  readonly device: string
  readonly holder: string
}> {
  override get message(): string {
    return `device '${this.device}' of '${this.domain}' is in use by ${this.holder}`
  }
}
