/**
 * The story of a run as a trace: the turns of every life of the engine, and between them what
 * clients called and were told, what guests did, what went wrong, and which law was broken.
 */
import { chartsOfDevices } from "../../../actors/device-pools.ts"
import { machines } from "../../../machines/index.ts"
import { fingerprints } from "../../charts/fingerprint.ts"
import { TraceRecorder } from "../../trace/recorder.ts"
import type { Json, Trace } from "../../trace/trace.ts"
import { slotUuid } from "../history/api-call.ts"
import type { EventSeen, Happening, History, Operation } from "../history/operation.ts"
import { wallOriginMs } from "../world.ts"
import type { Plan } from "./plan.ts"
import { type Report, type RunOptions, runPlan } from "./simulation.ts"
import type { Invariant } from "./view.ts"

export interface Traced {
  readonly report: Report
  readonly trace: Trace
}

export interface TracePlanOptions extends RunOptions {
  /** Of the header: the version of the program whose turns these are. */
  readonly program?: string
  /** The seed that the plan was made from, if any. */
  readonly seed?: number
}

/** Runs a plan and tells it. The run is the same as without being told. */
export const tracePlan = (plan: Plan, options: TracePlanOptions = {}): Traced => {
  const clock = { nowMs: 0 }
  const recorder = new TraceRecorder({ nowMs: () => clock.nowMs })
  const scribe = new Scribe(recorder)
  const watching: Invariant = {
    id: "trace",
    name: "Told",
    statement: "What happens is noted as it happens.",
    make: () => ({
      step: (view) => {
        clock.nowMs = view.world.nowMs
        scribe.read(view.history)
        return undefined
      }
    })
  }
  const report = runPlan(plan, {
    ...options,
    invariants: [watching, ...(options.invariants ?? [])],
    onEngine: (driver, life) => {
      recorder.watch(driver.kernel.inspection)
      options.onEngine?.(driver, life)
    },
    onFault: (met, view) => {
      clock.nowMs = view.world.nowMs
      const { seam, fault, nth, what } = met
      recorder.note({
        kind: "fault",
        name: `${seam}/${fault}`,
        who: "host",
        text: `${nth}: ${what}`
      })
      options.onFault?.(met, view)
    }
  })
  scribe.read(report.history)
  clock.nowMs = report.durationMs
  for (const { invariant, message } of report.violations)
    recorder.note({ kind: "violation", name: invariant, text: message })
  return { report, trace: recorder.trace(headerOf(plan, options)) }
}

const headerOf = (plan: Plan, { program = "", seed }: TracePlanOptions) => ({
  program,
  createdBy: "simulation",
  wallOriginMs,
  // A plan is plain JSON by its definition.
  simulation: { seed, plan: plan as unknown as Json },
  machines: { driver: "driver", config: "config", domain: "domain" },
  things: chartsOfDevices,
  charts: fingerprints(machines),
  definitions: {}
})

/** Notes what has been added to a history since it last looked. */
class Scribe {
  private readonly recorder: TraceRecorder
  private operations = 0
  private happenings = 0
  private events = 0
  private open: number[] = []

  constructor(recorder: TraceRecorder) {
    this.recorder = recorder
  }

  read(history: History): void {
    const { operations, happenings, events } = history
    while (this.happenings < happenings.length) this.happening(happenings[this.happenings++])
    while (this.operations < operations.length) this.invoked(operations[this.operations++])
    this.open = this.open.filter((id) => !this.isAnswered(operations[id]))
    while (this.events < events.length) this.event(events[this.events++])
  }

  private happening(happening: Happening | undefined): void {
    if (happening === undefined) return
    const { kind, uuid, epoch, pid, atMs } = happening
    const text = epoch === undefined ? undefined : `epoch ${epoch}`
    const who = pid === undefined ? "host" : `qemu ${pid}`
    this.recorder.note({ kind: "happening", name: kind, who, about: uuid, text, atMs })
  }

  private invoked(operation: Operation | undefined): void {
    if (operation === undefined) return
    const { id, client, call, invokedAtMs } = operation
    this.open.push(id)
    this.recorder.note({
      kind: "invoke",
      name: call.call,
      who: clientName(client),
      operation: id,
      about: "domain" in call ? slotUuid(call.domain) : undefined,
      text: JSON.stringify(call),
      atMs: invokedAtMs
    })
  }

  private isAnswered(operation: Operation | undefined): boolean {
    if (operation?.result === undefined) return false
    const { id, client, result } = operation
    const isFine = result.kind === "ok"
    this.recorder.note({
      kind: "return",
      name: isFine ? "ok" : result.tag,
      who: clientName(client),
      operation: id,
      text: isFine ? (JSON.stringify(result.value) ?? "") : result.message,
      ...(operation.endedAtMs === undefined ? {} : { atMs: operation.endedAtMs })
    })
    return true
  }

  private event(event: EventSeen | undefined): void {
    if (event === undefined) return
    const { subscriber, type, uuid, detail } = event
    const who = `subscriber ${subscriber}`
    this.recorder.note({ kind: "event", name: type, who, about: uuid, text: detail })
  }
}

/** The simulation makes calls of its own before and after the clients. */
const clientName = (client: number): string => (client < 0 ? "simulation" : `client ${client}`)
