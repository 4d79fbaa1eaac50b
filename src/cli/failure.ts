/**
 * How the command line says that something went wrong: what, which and why come from the error;
 * what to do next and the exit code from this table. Scripts may rely on the codes.
 */
import * as Data from "effect/Data"

/** 0 is success; 1 is everything that no other code tells apart; 130 and 143 are signals. */
export const exitCodes = {
  failed: 1,
  usage: 2,
  /** The definition, the configuration or another input is wrong. */
  input: 3,
  /** There is no such domain, file or program. */
  notFound: 4,
  /** Not in this state, or not beside what is there. */
  refused: 5,
  /** Another engine has the root. */
  locked: 6,
  /** The host cannot: QEMU, disk, permissions. */
  host: 7,
  /** It took too long. */
  overdue: 8,
  /** A mistake of ours. */
  defect: 70
} as const

export type ExitCode = keyof typeof exitCodes

interface Row {
  readonly code: ExitCode
  readonly next?: string
}

const byTag: { readonly [tag: string]: Row } = {
  XmlError: { code: "input", next: "'troupe validate FILE' says more" },
  InvalidDomain: { code: "input" },
  NotSupported: { code: "input", next: "take it out of the definition, or use libvirt for it" },
  Unavailable: { code: "input", next: "'troupe doctor' says what this QEMU has" },
  Conflict: { code: "input" },
  ConfigError: { code: "input", next: "nothing was changed; correct the file" },
  BadInput: { code: "input" },
  DomainNotFound: { code: "notFound", next: "'troupe list --all' shows what there is" },
  NoSuchThing: { code: "notFound" },
  DomainExists: { code: "refused" },
  DeviceBroken: { code: "refused", next: "'troupe hostdev list' shows what went wrong" },
  DeviceBusy: { code: "refused", next: "'troupe hostdev list' shows who has what" },
  DeviceExists: { code: "refused" },
  DeviceMissing: { code: "notFound", next: "'troupe dumpxml' shows its devices" },
  HostdevNotFound: { code: "notFound", next: "'troupe hostdev list' shows what there is" },
  HostdevAmbiguous: { code: "input", next: "name it by its bus and number" },
  HostdevUnusable: { code: "refused", next: "'troupe hostdev list' shows why" },
  GroupNotViable: { code: "refused", next: "'troupe hostdev list' shows the groups" },
  HelperRefused: { code: "host" },
  NoAccount: { code: "host", next: "see 'user' and 'group' in qemu.conf" },
  DeviceNotReady: { code: "host", next: "'troupe hostdev list' shows what there is" },
  RequestDenied: { code: "refused", next: "'troupe list --all' shows the states" },
  OperationFailed: { code: "refused" },
  DomainGone: { code: "refused" },
  NotRunning: { code: "refused", next: "'troupe list --all' shows the states" },
  InvalidArgument: { code: "input" },
  GuestRefused: { code: "refused" },
  GuestSilent: { code: "overdue" },
  GuestUnsupported: { code: "refused", next: "'troupe doctor' says what this QEMU has" },
  AgentNotConfigured: { code: "refused", next: "give the domain a channel for the agent" },
  AgentUnresponsive: { code: "refused", next: "is the agent running in the guest?" },
  AgentRefused: { code: "refused" },
  AgentNonsense: { code: "refused" },
  ConsoleBusy: { code: "refused", next: "--force takes it from whoever has it" },
  ConsoleUnavailable: { code: "refused" },
  ImageToolFailed: { code: "host" },
  PoolActive: { code: "refused" },
  PoolExists: { code: "refused" },
  PoolInactive: { code: "refused" },
  PoolNotFound: { code: "notFound" },
  PoolTransient: { code: "refused" },
  StorageBusy: { code: "overdue" },
  StorageRefused: { code: "input" },
  StorageUnsupported: { code: "input" },
  VolumeExists: { code: "refused" },
  VolumeNotFound: { code: "notFound" },
  NodeArgumentInvalid: { code: "input" },
  NodeUnsupported: { code: "host" },
  NodeDeviceNotFound: { code: "notFound", next: "'troupe nodedev-list' shows what there is" },
  NodeDeviceUnfit: { code: "input" },
  CpuIncompatible: { code: "host" },
  SocketError: { code: "host" },
  RootLocked: {
    code: "locked",
    next: "end that engine, choose another --root, or reach its daemon with -c URI"
  },
  ProbeFailed: { code: "host", next: "'troupe doctor' looks for the cause" },
  StartFailed: { code: "host", next: "the log of the guest may say more" },
  StoreError: { code: "host", next: "'troupe doctor' looks at the root" },
  FileError: { code: "host" },
  DefinitionQuarantined: { code: "host", next: "correct or move away the file" },
  StillDying: { code: "overdue", next: "the process hangs in the kernel; look at its storage" },
  StateNotReached: { code: "overdue" },
  Overdue: { code: "overdue" },
  BadUri: { code: "usage" },
  Unreachable: { code: "host" },
  NotAdmitted: { code: "host", next: "use its UNIX socket, or TLS with a certificate" },
  ConnectionLost: { code: "host", next: "the log of the daemon may say more" },
  NoDaemon: { code: "host" },
  EncodeError: { code: "input" },
  DecodeError: { code: "defect" },
  MailboxFull: { code: "overdue" }
}

/** An input that is wrong; the reason is a whole sentence. */
export class BadInput extends Data.TaggedError("BadInput")<{ readonly message: string }> {}

/** A word that only a daemon answers, and there is none. */
export class NoDaemon extends Data.TaggedError("NoDaemon")<{
  readonly word: string
  readonly root: string
}> {
  override get message(): string {
    return `'${this.word}' asks a daemon, and none answers for the root '${this.root}'`
  }
  get next(): string {
    return `start one with 'troupe daemon --root ${this.root}', or name one with -c URI`
  }
}

/** What was named is not there. */
export class NoSuchThing extends Data.TaggedError("NoSuchThing")<{ readonly message: string }> {}

/** Something was found wrong, and has been said already. */
export class Reported extends Data.TaggedError("Reported")<{ readonly code: ExitCode }> {
  override get message(): string {
    return "reported above"
  }
}

const listDomains = "'troupe list --all' shows what there is"

/** What a daemon's errors are here, by libvirt's number (virterror.h). */
const byNumber: { readonly [code: number]: Row } = {
  3: { code: "refused", next: "this daemon does not have it" },
  8: { code: "input" },
  27: { code: "input", next: "'troupe validate FILE' says more" },
  29: { code: "refused", next: "the connection can only look: leave out --readonly" },
  39: { code: "refused" },
  42: { code: "notFound", next: listDomains },
  43: { code: "notFound", next: "'troupe net-list --all' shows what there is" },
  49: { code: "notFound", next: "'troupe pool-list --all' shows what there is" },
  50: { code: "notFound", next: "'troupe vol-list POOL' shows what there is" },
  53: { code: "notFound", next: "'troupe nodedev-list' shows what there is" },
  55: { code: "refused", next: "'troupe list --all' shows the states" },
  66: { code: "notFound" },
  67: { code: "input", next: "'troupe doctor' says what this QEMU has" },
  68: { code: "overdue" },
  74: { code: "refused" },
  80: { code: "notFound" },
  84: { code: "refused" },
  86: { code: "refused", next: "is the agent running in the guest?" },
  87: { code: "overdue" },
  88: { code: "refused" },
  90: { code: "refused" }
}

const rowOf = (error: unknown): Row => {
  if (error instanceof Reported) return { code: error.code }
  if (typeof error !== "object" || error === null || !("_tag" in error)) return { code: "failed" }
  const number = error._tag === "RemoteError" && "code" in error ? Number(error.code) : undefined
  const row = number === undefined ? byTag[String(error._tag)] : byNumber[number]
  const { code, next } = row ?? { code: "failed" }
  // An error that knows what to do about it knows better than this table.
  const own = "next" in error && typeof error.next === "string" ? error.next : next
  return own === undefined ? { code } : { code, next: own }
}

export const exitCodeOf = (error: unknown): number => exitCodes[rowOf(error).code]

/** What to do next, where that can be said. */
export const nextStep = (error: unknown): string | undefined => rowOf(error).next

interface Denied {
  readonly request: string
  readonly because: string | undefined
  readonly state: string
}

const isDenied = (error: object): error is Denied =>
  "_tag" in error && error._tag === "RequestDenied" && "request" in error && "state" in error

/** Actors and charts are our own words for a domain; a user has given its name. */
export const sentenceOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return String(error)
  if (isDenied(error)) return `cannot ${error.request}: ${error.because ?? `it is ${error.state}`}`
  return error instanceof Error ? error.message : String(error)
}
