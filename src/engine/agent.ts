/**
 * The part of a domain's handle that asks the guest itself, through its agent. Each function is one
 * of libvirt's procedures; what is sent to the agent stands in `actors/agent-*.ts`.
 */
import type * as Effect from "effect/Effect"
import * as Guest from "../../actors/domain/agent-calls.ts"
import type { AgentError } from "../model/agent-error.ts"
import type { GuestUnsupported, InvalidArgument, NotRunning } from "../model/guest-error.ts"
import type {
  AddressSource,
  DomainInterface,
  GuestFilesystem,
  GuestInfo,
  GuestInfoKind,
  GuestTime,
  GuestVcpu,
  SuspendTarget
} from "../model/guest-info.ts"
import type { Consult, LookupError, Perform } from "./consult.ts"

export type AgentCallError = LookupError | NotRunning | InvalidArgument | AgentError

type Asked<A> = Effect.Effect<A, AgentCallError>

export interface DomainAgent {
  /**
   * QEMU's DOMAIN_AGENT_COMMAND: one command as JSON text; the agent's reply as JSON text
   * (`{"return":...}`), `undefined` when it was not waited for. Seconds as in libvirt: -2 waits as
   * long as it takes, -1 is 5 s (the default), 0 does not wait, 1 and more are seconds.
   */
  readonly command: (
    text: string,
    options?: { readonly timeoutSeconds?: number }
  ) => Asked<string | undefined>
  /**
   * DOMAIN_AGENT_SET_RESPONSE_TIMEOUT: of every call below, until the domain ends: -2 (the
   * default), -1, 0 or seconds as above.
   */
  readonly setResponseTimeout: (seconds: number) => Asked<void>
  /** DOMAIN_FSFREEZE: how many file systems; none named means all. */
  readonly fsFreeze: (mountpoints?: readonly string[]) => Asked<number>
  /** DOMAIN_FSTHAW. The agent thaws all, whatever is named. */
  readonly fsThaw: Asked<number>
  /** DOMAIN_FSTRIM: free extents of at least this size, in all file systems. */
  readonly fsTrim: (minimumBytes?: bigint) => Asked<void>
  /** DOMAIN_GET_FSINFO. */
  readonly filesystems: Asked<readonly GuestFilesystem[]>
  /** DOMAIN_GET_TIME. */
  readonly time: Asked<GuestTime>
  /** DOMAIN_SET_TIME; `sync` (VIR_DOMAIN_TIME_SYNC) takes that of the guest's hardware clock. */
  readonly setTime: (time: GuestTime | "sync") => Asked<void>
  /** DOMAIN_GET_GUEST_INFO. A kind that the agent cannot tell fails if named, else is left out. */
  readonly info: (kinds?: readonly GuestInfoKind[]) => Asked<GuestInfo>
  /** DOMAIN_INTERFACE_ADDRESSES. `lease` is refused: there are no networks with leases here. */
  readonly interfaceAddresses: (
    source: AddressSource
  ) => Effect.Effect<readonly DomainInterface[], AgentCallError | GuestUnsupported>
  /** DOMAIN_SET_USER_PASSWORD; encrypted (crypt(3)) with VIR_DOMAIN_PASSWORD_ENCRYPTED. */
  readonly setUserPassword: (user: string, password: string, isEncrypted?: boolean) => Asked<void>
  /** DOMAIN_GET_GUEST_VCPUS, and the count of DOMAIN_GET_VCPUS_FLAGS (VIR_DOMAIN_VCPU_GUEST). */
  readonly vcpus: Asked<readonly GuestVcpu[]>
  /** DOMAIN_SET_GUEST_VCPUS: these vCPUs of the guest, on or off. */
  readonly setVcpus: (logicalIds: readonly number[], isOnline: boolean) => Asked<void>
  /** DOMAIN_SET_VCPUS_FLAGS with VIR_DOMAIN_VCPU_GUEST: so many are on. */
  readonly setVcpuCount: (count: number) => Asked<void>
  /** DOMAIN_AUTHORIZED_SSH_KEYS_GET. */
  readonly sshKeys: (user: string) => Asked<readonly string[]>
  /** DOMAIN_AUTHORIZED_SSH_KEYS_SET: in place of those there are, added to them, or taken away. */
  readonly setSshKeys: (
    user: string,
    keys: readonly string[],
    how?: "replace" | "append" | "remove"
  ) => Asked<void>
  /** DOMAIN_GET_HOSTNAME with VIR_DOMAIN_GET_HOSTNAME_AGENT, and without flags. */
  readonly hostname: Asked<string>
  /** DOMAIN_PM_SUSPEND_FOR_DURATION: the guest puts itself to sleep. */
  readonly pmSuspend: (target: SuspendTarget) => Asked<void>
}

/** Shutdown and reboot through the agent are `shutdown("agent")` and `reboot("agent")`. */
export const agentOf = (consult: Consult, perform: Perform): DomainAgent => ({
  command: (text, { timeoutSeconds = -1 } = {}) =>
    consult("qemuDomainAgentCommand", (ref) => Guest.command(ref, text, timeoutSeconds)),
  setResponseTimeout: (seconds) =>
    consult("domainAgentSetResponseTimeout", (ref) => Guest.setResponseTimeout(ref, seconds)),
  fsFreeze: (mountpoints = []) =>
    perform("domainFSFreeze", (ref) => Guest.fsFreeze(ref, mountpoints)),
  fsThaw: perform("domainFSThaw", Guest.fsThaw),
  fsTrim: (minimumBytes = 0n) => perform("domainFSTrim", (ref) => Guest.fsTrim(ref, minimumBytes)),
  filesystems: consult("domainGetFSInfo", Guest.filesystems),
  time: consult("domainGetTime", Guest.time),
  setTime: (time) => perform("domainSetTime", (ref) => Guest.setTime(ref, time)),
  info: (kinds) => consult("domainGetGuestInfo", (ref) => Guest.info(ref, kinds)),
  interfaceAddresses: (source) =>
    consult("domainInterfaceAddresses", (ref) => Guest.interfaceAddresses(ref, source)),
  setUserPassword: (user, password, isEncrypted = false) =>
    perform("domainSetUserPassword", (ref) =>
      Guest.setUserPassword(ref, { user, password, isEncrypted })
    ),
  vcpus: consult("domainGetGuestVcpus", Guest.vcpus),
  setVcpus: (logicalIds, isOnline) =>
    perform("domainSetGuestVcpus", (ref) => Guest.setVcpus(ref, logicalIds, isOnline)),
  setVcpuCount: (count) => perform("domainSetVcpusFlags", (ref) => Guest.setVcpuCount(ref, count)),
  sshKeys: (user) => consult("domainAuthorizedSSHKeysGet", (ref) => Guest.sshKeys(ref, user)),
  setSshKeys: (user, keys, how = "replace") =>
    perform("domainAuthorizedSSHKeysSet", (ref) => Guest.setSshKeys(ref, { user, keys, how })),
  hostname: consult("domainGetHostname", Guest.hostname),
  pmSuspend: (target) =>
    perform("domainPMSuspendForDuration", (ref) => Guest.pmSuspend(ref, target))
})
