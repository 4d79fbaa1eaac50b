/**
 * One run of a plan: the real engine on a simulated host, clients that call it, faults, and the
 * laws that are looked at all along. In the end faults heal, every call must have ended, the engine
 * must still be of use, and nothing may be left when it has closed.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Driver } from "../../../actors/driver/driver.ts"
import type { InspectionRecord } from "../../kernel/inspection.ts"
import { monitorIdIn, parseMonitorId } from "../../qemu/monitor-id.ts"
import { probeUuid } from "../../qemu/probe-process.ts"
import { Faults, type FaultsBySeam, type MetFault } from "../fault.ts"
import type { History } from "../history/operation.ts"
import { SimulatedHost } from "../host/host.ts"
import type { Node } from "../host/node.ts"
import { SimulatedQemu } from "../qemu/simulated-qemu.ts"
import { Abandoned } from "../strategy/reduction.ts"
import type { Strategy } from "../strategy/strategy.ts"
import { World } from "../world.ts"
import { Client, type Up } from "./client.ts"
import { editConfig } from "./edit-config.ts"
import { Lives, simulatedEmulator, simulatedRoot } from "./lives.ts"
import { devicesOf } from "./host-devices.ts"
import { Notes } from "./notes.ts"
import { type Party, ProgramParty, type Stage, unended } from "./party.ts"
import { type ClientStep, type Plan, planDefaults } from "./plan.ts"
import { Recorder } from "./recorder.ts"
import { firstSteps, isUseful, probes } from "./steps.ts"
import { listen } from "./subscriber.ts"
import { viewOf } from "./view-of.ts"
import type { Checks, Invariant, View, Violation } from "./view.ts"

/** Virtual time without an answer to anybody: every call has a deadline well below. */
const patienceMs = 15 * 60_000

/** Virtual time for deadlines and grace periods to pass when nobody calls any more. */
const settlingMs = 180_000

/** A run that needs more is in a livelock. */
const stepsMax = 300_000

/** Clocks jump by this much: past every deadline. */
const clockJumpMs = 5 * 3_600_000

export interface RunOptions {
  /** Beside the plan's clients. */
  readonly parties?: (stage: Stage) => readonly Party[]
  /** Definitions that stand beside the plan's domains when the clients begin. */
  readonly definitions?: readonly string[]
  /** Left out, domains are ended and started once more in the end: the engine must still do it. */
  readonly isProbed?: boolean
  readonly invariants?: readonly Invariant[]
  /** Each turn of each actor, of each life. */
  readonly onTurn?: (record: InspectionRecord) => void
  /** Each engine, before it opens. */
  readonly onEngine?: (driver: Driver, life: number) => void
  readonly onFault?: (met: MetFault, view: View) => void
  /** Asked in place of the plan's schedule; its watcher is told of the same part of the run. */
  readonly strategy?: Strategy
  /** Virtual time at the end for deadlines to pass: less will do where nothing hangs. */
  readonly settlingMs?: number
  /** A copy of every delivery's label is kept: the byte-for-byte story of the run. */
  readonly isTraced?: boolean
}

export interface Report {
  readonly violations: readonly Violation[]
  readonly history: History
  readonly met: readonly MetFault[]
  /** What was chosen between the arming and the healing of faults: a `listed` schedule. */
  readonly choices: readonly number[]
  readonly steps: number
  /** Virtual. */
  readonly durationMs: number
  readonly lives: number
  /** Of `isTraced`. */
  readonly deliveries: readonly string[]
}

/** Ends a run at its first violation. */
class Broken extends Error {}

export const runPlan = (plan: Plan, options: RunOptions = {}): Report =>
  new Simulation(plan, options).run()

class Simulation {
  private readonly plan: Plan
  private readonly options: RunOptions
  private readonly faults: Faults
  private readonly recorder: Recorder
  private readonly world: World
  private readonly host: SimulatedHost
  private readonly notes: Notes
  private readonly lives: Lives
  private readonly checks: readonly { readonly id: string; readonly checks: Checks }[]
  private readonly stepChecks: readonly { readonly id: string; readonly checks: Checks }[]
  private readonly violations: Violation[] = []
  private clients: readonly Party[] = []
  readonly view: View

  constructor(plan: Plan, options: RunOptions) {
    this.plan = plan
    this.options = options
    this.faults = new Faults(plan.faults)
    this.faults.disarm()
    this.recorder = new Recorder(plan.schedule, plan.lagMsMax, options.strategy)
    this.world = new World(this.recorder, {
      stepsMax,
      mayTimePass: plan.mayTimePass === true,
      lagMsMax: plan.lagMsMax ?? planDefaults.lagMsMax,
      onStep: (label) => this.stepped(label)
    })
    this.notes = new Notes(this.world)
    const qemu = new SimulatedQemu({
      faults: this.faults,
      wallMs: () => this.world.wallOriginMs + this.world.nowMs,
      onHappening: (happening) => {
        // An end is told by the host, which sees every one of them.
        if (happening.kind !== "qemu-exited") this.notes.happened(happening)
      }
    })
    this.host = new SimulatedHost(this.world, {
      faults: this.faults,
      programs: new Map([[simulatedEmulator, qemu]]),
      devices: devicesOf(plan),
      ...(plan.pidMax === undefined ? {} : { pidMax: plan.pidMax })
    })
    this.host.processes.onDeath = ({ pid, words }) => {
      const id = monitorIdIn(words)
      const token = id === undefined ? undefined : parseMonitorId(id)
      if (token === undefined || token.uuid === probeUuid) return
      this.notes.happened({ kind: "qemu-exited", uuid: token.uuid, epoch: token.epoch, pid })
    }
    this.checks = (options.invariants ?? []).map(({ id, name, make }) => ({
      id: `${id} ${name}`,
      checks: make()
    }))
    this.stepChecks = this.checks.filter(({ checks }) => checks.step !== undefined)
    this.lives = new Lives({
      plan,
      host: this.host,
      notes: this.notes,
      realm: this.world.realm("service manager"),
      onMade: (driver) => this.made(driver),
      onOpened: (up) => {
        listen(up, this.notes, plan.listenerMs)
        this.ask("opened")
      },
      onGone: (up) => {
        if (up !== undefined) for (const client of this.clients) client.engineGone(up)
      },
      onFailed: (message) => this.violate("engine opens", message)
    })
    this.faults.onMet = (met) => options.onFault?.(met, this.view)
    this.view = viewOf({ ...this, plan })
  }

  run(): Report {
    try {
      this.setUp()
      this.work()
      this.settle()
      if (this.options.isProbed !== false) this.probe()
      this.end()
    } catch (error) {
      if (error instanceof Abandoned) throw error
      if (!(error instanceof Broken)) this.note("no defect", stackOf(error))
    }
    const { world, recorder, notes, faults, violations } = this
    return {
      violations,
      history: { operations: notes.operations, happenings: notes.happenings, events: notes.events },
      met: faults.met,
      choices: recorder.taken,
      steps: world.steps,
      durationMs: world.nowMs,
      lives: notes.life,
      deliveries: this.options.isTraced === true ? [...world.trace] : []
    }
  }

  /** An engine with the plan's domains, before anything may go wrong. */
  private setUp(): void {
    const { plan, host, notes } = this
    const steps = firstSteps(plan)
    const disk = plan.isWarm === true ? warmDisk(plan) : undefined
    if (disk !== undefined) {
      host.disk.graft(simulatedRoot, disk)
      // By an engine before, and acknowledged.
      for (const step of steps)
        notes.answered(notes.invoked(-1, step), { kind: "ok", value: undefined })
    }
    this.lives.open()
    this.untilUp()
    if (disk === undefined) this.call([steps])
    this.define(this.options.definitions ?? [])
  }

  /** The root as an engine leaves it that has defined the domains and has started one. */
  prepare(): Node | undefined {
    try {
      this.setUp()
      const { domains } = this.plan
      const start: readonly ClientStep[] = [
        { call: "create", domain: domains, version: 0 },
        { call: "destroy", domain: domains }
      ]
      this.call([start])
      this.lives.finish()
      this.pass(this.options.settlingMs ?? settlingMs)
      return this.host.disk.node(simulatedRoot)
    } catch (error) {
      // An engine that cannot do this much shows it in every run that begins cold.
      if (error instanceof Broken) return undefined
      throw error
    }
  }

  private define(definitions: readonly string[]): void {
    if (definitions.length === 0) return
    const party = new ProgramParty(
      ({ defineXML }) => Effect.forEach(definitions, (xml) => defineXML(xml)),
      { whenUp: (ready) => this.lives.whenUp(ready), livesMax: 1 }
    )
    this.call([], [party])
    const { exit } = party
    if (exit === undefined || Exit.isFailure(exit))
      this.violate("definitions are taken", String(exit?.cause))
  }

  private work(): void {
    this.faults.arm()
    this.recorder.arm()
    const { world, faults } = this
    const whenUp = (ready: (up: Up) => void) => this.lives.whenUp(ready)
    const stage: Stage = { world, faults, emulator: simulatedEmulator, whenUp }
    this.call(this.plan.clients, this.options.parties?.(stage))
    this.faults.disarm()
    this.recorder.disarm()
  }

  /** Faults have healed; whatever still runs comes to its end. */
  private settle(): void {
    this.untilUp()
    this.pass(this.options.settlingMs ?? settlingMs)
    this.ask("rest")
  }

  /** The engine is still of use: every domain can be ended, the busiest can be started again. */
  private probe(): void {
    const before = this.notes.operations.length
    this.call([probes(this.plan)])
    const failed = this.notes.operations.slice(before).find((one) => !isUseful(one, this.plan))
    if (failed !== undefined) {
      const { call, result } = failed
      this.violate("useful afterwards", `${JSON.stringify(call)}: ${JSON.stringify(result)}`)
    }
    this.pass(this.options.settlingMs ?? settlingMs)
    this.ask("rest")
  }

  private end(): void {
    this.lives.finish()
    this.pass(this.options.settlingMs ?? settlingMs)
    if (this.lives.life !== undefined) this.violate("engine closes", "it is still open")
    this.ask("ended")
    this.ask("history")
  }

  /** Runs clients until all are done. */
  private call(steps: readonly (readonly ClientStep[])[], others: readonly Party[] = []): void {
    const { world, notes, faults } = this
    const clients = steps.map(
      (mine, number) =>
        new Client({
          number: steps === this.plan.clients ? number : -1,
          steps: mine,
          realm: world.realm(`client ${number}`, { isTelling: true, isOne: true }),
          notes,
          faults,
          emulator: simulatedEmulator,
          hasDevices: this.plan.hasDevices,
          editConfig: (version) => editConfig(this.host, version),
          whenUp: (ready) => this.lives.whenUp(ready)
        })
    )
    this.clients = [...clients, ...others]
    for (const client of this.clients) client.start()
    const untilMs = this.world.nowMs + patienceMs
    while (this.clients.some(({ isDone }) => !isDone)) if (!this.world.step(untilMs)) this.stuck()
  }

  private stuck(): never {
    const open = this.notes.operations.filter(
      ({ result, life }) => !result && life === this.notes.life
    )
    const calls = open.map(({ client, call }) => `client ${client}: ${JSON.stringify(call)}`)
    const isProgram = this.clients.some((one) => one instanceof ProgramParty && !one.isDone)
    const why = isProgram ? unended : `no answer to ${calls.join("; ") || "anything"}`
    return this.violate("I10 BoundedReply", why)
  }

  private untilUp(): void {
    const untilMs = this.world.nowMs + patienceMs
    while (this.lives.up === undefined)
      if (!this.world.step(untilMs)) this.violate("engine opens", "there is none")
  }

  private pass(ms: number): void {
    const untilMs = this.world.nowMs + ms
    while (this.world.step(untilMs));
    this.world.nowMs = untilMs
  }

  private made(driver: Driver): void {
    const { onTurn, onEngine } = this.options
    onEngine?.(driver, this.notes.life)
    const { inspection } = driver.kernel
    // On the stack of a turn nothing may be thrown: what is found there ends the run after it.
    for (const { id, checks } of this.checks) {
      const { turn, decided } = checks
      if (turn !== undefined)
        inspection.watch((record) => this.noteIf(id, turn(record, this.view)), this.defect)
      if (decided !== undefined)
        inspection.watchTurns((one) => this.noteIf(id, decided(one, this.view)), this.defect)
    }
    if (onTurn !== undefined) inspection.watch(onTurn, this.defect)
  }

  /** A checker that throws is a defect as any other. */
  private readonly defect = (error: unknown): void => this.note("no defect", stackOf(error))

  private stepped(label: string): void {
    for (const { id, checks } of this.stepChecks) this.noteIf(id, checks.step?.(this.view, label))
    if (this.violations.length > 0) throw new Broken()
    const fault = this.faults.at("world", label)
    if (fault !== undefined) this.disturb(fault)
  }

  private disturb(fault: FaultsBySeam["world"]) {
    switch (fault) {
      case "kill":
        return this.lives.kill(false, () => 0)
      case "power-cut":
        return this.lives.kill(true, (n) => this.recorder.pick(n))
      case "terminate":
        return this.lives.terminate()
      case "reload":
        return this.lives.reload()
      case "clock-forward":
        this.world.wallOriginMs += clockJumpMs
        return
      case "clock-back":
        this.world.wallOriginMs -= clockJumpMs
        return
    }
  }

  private ask(hook: "opened" | "rest" | "ended" | "history"): void {
    for (const { id, checks } of this.checks) this.noteIf(id, checks[hook]?.(this.view))
    // `opened` is asked on the stack of a fiber: the next step ends the run.
    if (hook !== "opened" && this.violations.length > 0) throw new Broken()
  }

  private noteIf(invariant: string, message: string | undefined): void {
    if (message !== undefined) this.note(invariant, message)
  }

  private note(invariant: string, message: string): void {
    this.violations.push({ invariant, message, step: this.world.steps })
  }

  private violate(invariant: string, message: string): never {
    this.note(invariant, message)
    throw new Broken()
  }
}

const warmDisks = new Map<string, Node | undefined>()

/** Made once for each number of domains and kind of host, in a world where nothing goes wrong. */
const warmDisk = (plan: Plan): Node | undefined => {
  const domains = firstSteps(plan).length
  const { hasDevices = false } = plan
  const key = `${domains} ${hasDevices}`
  if (!warmDisks.has(key)) {
    const schedule = { kind: "fifo", seed: 0 } as const
    const first: Plan = { domains, hasDevices, clients: [], faults: [], schedule }
    warmDisks.set(key, new Simulation(first, {}).prepare())
  }
  return warmDisks.get(key)
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
