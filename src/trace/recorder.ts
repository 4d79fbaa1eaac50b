/**
 * Keeps what happens as it happens: the turns of the engines that it watches, life after life, and
 * the notes that it is given, in one order. Bounded; the oldest go first. Writes nothing.
 */
import type { Inspection } from "../kernel/inspection.ts"
import { entriesMax } from "./limits.ts"
import type { Entry, NoteEntry, Trace, TraceHeader } from "./trace.ts"

export interface RecorderOptions {
  /** Monotonic time, in ms, for notes. */
  readonly nowMs: () => number
  /** By default as many as a file may have. */
  readonly keptMax?: number
}

type NotePart = Pick<NoteEntry, "kind" | "name"> & Partial<NoteEntry>

const nothing = { who: undefined, about: undefined, operation: undefined, text: undefined }

export class TraceRecorder {
  private readonly nowMs: () => number
  private readonly keptMax: number
  private kept: Entry[] = []
  private dropped = 0
  private unwatch = () => {}
  private life = 0

  constructor({ nowMs, keptMax = entriesMax }: RecorderOptions) {
    this.nowMs = nowMs
    this.keptMax = keptMax
  }

  /** The engine's next life begins: its turns are noted, and those of the one before no more. */
  watch(inspection: Pick<Inspection, "watch">): void {
    this.unwatch()
    this.life++
    const { life } = this
    this.unwatch = inspection.watch((record) => this.add({ ...record, kind: "turn", life }))
  }

  /** What the stream of turns does not see. Now, unless `atMs` says otherwise. */
  note(part: NotePart): void {
    this.add({ ...nothing, atMs: this.nowMs(), life: Math.max(1, this.life), ...part })
  }

  trace(header: Omit<TraceHeader, "omitted">): Trace {
    const entries = this.kept.slice(-this.keptMax)
    const omitted = this.dropped + this.kept.length - entries.length
    return { header: { ...header, omitted }, entries }
  }

  /** In bulk, for taking out one at a time would cost as much as all that is kept. */
  private add(entry: Entry): void {
    this.kept.push(entry)
    if (this.kept.length < this.keptMax * 2) return
    this.dropped += this.kept.length - this.keptMax
    this.kept = this.kept.slice(-this.keptMax)
  }
}
