/** Turns of monitors, as laws read them: bytes and ends, and what was under way. Looks only. */
import type { InspectionRecord, Turn } from "../../kernel/inspection.ts"
import type { Session } from "../../qmp/session.ts"

/** The actor's own state, as far as laws look at it. */
export interface MonitorState {
  readonly session: Session
  readonly waiting: ReadonlyMap<number, { readonly call: number; readonly command: string }>
}

export interface MonitorTurn {
  readonly record: InspectionRecord
  readonly message: { readonly type: string; readonly bytes?: Uint8Array }
  readonly before: MonitorState
  readonly after: MonitorState
}

/** `undefined` for a turn of another actor. */
export const monitorTurn = ({ record, message, before, after }: Turn): MonitorTurn | undefined =>
  record.actor.startsWith("monitor/")
    ? { record, message, before: before as MonitorState, after: after as MonitorState }
    : undefined

export const isOver = ({ session }: MonitorState): boolean => session.phase === "ended"
