/** The kernel's bounds, with unit and reason. An actor may narrow or widen its own. */

/** Requests in the user lane that a `tell` may fill. A client has at most 5 calls in flight. */
export const mailboxLengthMax = 256

/** Askers that may stand in line behind a full user lane. Past it, `MailboxFull`. */
export const lineLengthMax = 1024

/** Facts from outside (QMP events) that wait; past it their source stops reading. */
export const eventsLengthMax = 1024

/** Requests that one actor holds back until its state changes. */
export const postponedLengthMax = 256

/** A request without a deadline of its own gets this one. VIR_JOB_WAIT_TIME of virdomainjob.c. */
export const askDeadlineMs = 30_000

/** Deadlines are kept in steps of this width and rounded up, so that setting one stays cheap. */
export const timerStepMs = 10

/** Turns after which the event loop gets room, for Effect resumes a fiber on the caller's stack. */
export const turnsPerBreath = 256

/** Records of the last turns that a running engine keeps for a later look. */
export const ringLengthMax = 4096

/** Things of one actor that a record tells of: a guest's devices, not all of a host. */
export const movesMax = 64

/** Messages of each lane that who looks at turns is told of: a flood is not told turn by turn. */
export const pendingLengthMax = 16

/** Messages served from each lane in one round: weights, so that no flood starves a lane. */
export const laneWeight = { control: 8, events: 4, user: 2 } as const

if (laneWeight.control <= laneWeight.events || laneWeight.events <= laneWeight.user)
  throw new Error("control outranks events, and events outrank requests")
if (eventsLengthMax < mailboxLengthMax) throw new Error("a flood of requests outlasts the events")
