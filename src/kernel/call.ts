/**
 * The envelope that travels with every request: which procedure, for whom, until when. It is set
 * once, where a call enters the engine, and inherited by the fibers that carry the call out.
 */
import * as Context from "effect/Context"

export interface Caller {
  /** `undefined` when the peer's credentials are unknown. */
  readonly uid: number | undefined
  /** The client connection that the call came in by; `internal` for the engine's own. */
  readonly connection: string
  readonly isReadOnly: boolean
}

export interface Call {
  /** In the field's words: `domainCreate`, `engine.recover`. */
  readonly procedure: string
  readonly caller: Caller
  /**
   * On the monotonic clock, in ms. Without one, each actor's own default counts from the asking.
   */
  readonly deadlineMs: number | undefined
  /** A repeated operation id is answered as it was, and not done twice. */
  readonly operationId: string | undefined
  /** W3C Trace Context. */
  readonly traceparent: string | undefined
}

export const internalCaller: Caller = { uid: undefined, connection: "internal", isReadOnly: false }

export const makeCall = (procedure: string, part: Partial<Omit<Call, "procedure">> = {}): Call => ({
  caller: internalCaller,
  deadlineMs: undefined,
  operationId: undefined,
  traceparent: undefined,
  ...part,
  procedure
})

/** What nobody asked for: the engine's own work. */
export const internalCall = makeCall("internal")

/**
 * Set around a call whose effect must happen once, however often it is asked for: the second asking
 * is answered from the journal.
 */
export const OperationId: Context.Reference<string | undefined> = Context.Reference<
  string | undefined
>("troupe/kernel/OperationId", { defaultValue: () => undefined })

/** The call on whose behalf the current fiber runs. */
export const CurrentCall: Context.Reference<Call> = Context.Reference<Call>(
  "troupe/kernel/CurrentCall",
  { defaultValue: () => internalCall }
)
