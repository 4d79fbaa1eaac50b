/**
 * The engine of a simulated host, life after life: opens it, and opens it again when it was killed,
 * lost its power or was told to end. Who waits for an engine waits here.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Driver } from "../../../actors/driver/driver.ts"
import { type Engine, openEngine } from "../../engine/engine.ts"
import type { SimulatedHost } from "../host/host.ts"
import type { Realm } from "../realm.ts"
import type { Up } from "./client.ts"
import type { Notes } from "./notes.ts"
import { type Plan, planDefaults } from "./plan.ts"
import type { Life } from "./view.ts"

export const simulatedRoot = "/var/lib/troupe"
export const simulatedEmulator = "/usr/bin/qemu-system-x86_64"

/** Between the end of an engine and the next: what a service manager takes. */
const reopenAfterMs = 100

/** From the end of an engine to the exit of its process. */
const exitAfterMs = 1

/** An engine that cannot be opened is tried again so often; then the run fails. */
const triesMax = 20

/** The same on a host that stands still at times: an opening has its deadline too. */
const lateTriesMax = 500

export interface LivesOptions {
  readonly plan: Plan
  readonly host: SimulatedHost
  readonly notes: Notes
  /** Where the service manager lives: no part of any engine. */
  readonly realm: Realm
  readonly onMade: (driver: Driver) => void
  readonly onOpened: (up: Up) => void
  readonly onGone: (up: Up | undefined) => void
  readonly onFailed: (message: string) => void
}

interface Present extends Life {
  driver: Driver | undefined
  engine: Engine | undefined
  /** Interrupts the opening. */
  opening: Effect.Effect<void> | undefined
  readonly scope: Scope.Closeable
  up: Up | undefined
  isEnding: boolean
}

export class Lives {
  private readonly options: LivesOptions
  private present: Present | undefined
  private number = 0
  private failures = 0
  private isOver = false
  private waiting: ((up: Up) => void)[] = []

  constructor(options: LivesOptions) {
    this.options = options
  }

  get life(): Life | undefined {
    return this.present
  }

  get up(): Up | undefined {
    return this.present?.up
  }

  whenUp(ready: (up: Up) => void): void {
    const { up } = this
    if (up === undefined || this.present?.isEnding === true) this.waiting.push(ready)
    else ready(up)
  }

  open(): void {
    const { host, notes } = this.options
    const number = ++this.number
    notes.life = number
    const process = host.engine(`engine ${number}`, () => this.killed(present))
    const scope = Scope.makeUnsafe()
    const present: Present = {
      number,
      process,
      scope,
      driver: undefined,
      engine: undefined,
      opening: undefined,
      up: undefined,
      isEnding: false
    }
    this.present = present
    const fiber = Effect.runForkWith(process.context)(
      Scope.provide(openEngine(this.setting(present)), scope)
    )
    present.opening = Fiber.interrupt(fiber)
    fiber.addObserver((exit) => {
      if (this.present !== present || present.isEnding) return
      if (Exit.isSuccess(exit)) return this.opened(present, exit.value)
      this.failures++
      // As any program whose engine does not open: it says why, and ends.
      present.process.exit()
      const why = String(exit.cause)
      if (this.failures > (this.options.plan.mayTimePass === true ? lateTriesMax : triesMax))
        this.options.onFailed(`the engine does not open: ${why}`)
      else this.gone(present, 10 * reopenAfterMs)
    })
  }

  /** SIGKILL, or the power goes. */
  kill(isPowerCut: boolean, choose: (n: number) => number): void {
    if (!isPowerCut) return this.present?.process.kill()
    this.options.notes.happened({ kind: "power-cut" })
    this.options.host.powerCut(choose)
  }

  /** SIGTERM: it drains, and guests go on. */
  terminate(): void {
    this.end("leave")
  }

  /** SIGHUP. */
  reload(): void {
    const { up } = this
    if (up !== undefined) Effect.runForkWith(up.realm.context)(up.engine.reloadConfigSoon)
  }

  /** The last end: with the guests. */
  finish(): void {
    this.isOver = true
    this.end("stop")
  }

  private end(guests: "leave" | "stop"): void {
    const { present } = this
    if (present === undefined || present.isEnding) return
    // One that is still opening: as a program that is told to end, whose scope ends what it began.
    present.isEnding = true
    const begun = present.engine?.close({ guests }) ?? present.opening ?? Effect.void
    const close = Effect.andThen(begun, Scope.close(present.scope, Exit.void))
    const exit = () => {
      if (this.present !== present) return
      const phase = present.driver?.phase() ?? "stopped"
      if (phase !== "stopped" && phase !== "failed")
        this.options.onFailed(`the engine was closed, and is ${phase}`)
      present.process.exit()
      this.options.notes.happened({ kind: "engine-closed" })
      this.gone(present)
    }
    // The answers that the engine has given are on their way: a program hands them on, then exits.
    Effect.runForkWith(present.process.context)(close).addObserver(() =>
      present.process.realm.after(exitAfterMs, exit, "engine exits")
    )
  }

  private setting(present: Present): Parameters<typeof openEngine>[0] {
    const { plan } = this.options
    return {
      place: { root: simulatedRoot, run: `${simulatedRoot}/run` },
      owner: `engine ${present.number}`,
      dispatcher: present.process.realm,
      emulatorFor: () => simulatedEmulator,
      startConcurrency: plan.startConcurrency ?? planDefaults.startConcurrency,
      autostart: plan.isAutostarting ?? true,
      onMade: (driver) => {
        present.driver = driver
        this.options.onMade(driver)
      }
    }
  }

  private opened(present: Present, engine: Engine): void {
    present.engine = engine
    this.failures = 0
    this.options.notes.happened({ kind: "engine-opened" })
    const up = { engine, realm: present.process.realm }
    present.up = up
    this.options.onOpened(up)
    const waiting = this.waiting
    this.waiting = []
    for (const ready of waiting) ready(up)
  }

  private killed(present: Present): void {
    if (this.present !== present) return
    this.options.notes.happened({ kind: "engine-killed" })
    this.gone(present)
  }

  private gone(present: Present, afterMs = reopenAfterMs): void {
    this.present = undefined
    this.options.onGone(present.up)
    if (!this.isOver) this.openAfter(afterMs)
  }

  /**
   * An exec takes microseconds, and an engine a third of a second to come up: by then no process of
   * the engine before is still on its way. On a host that is late it would be, here.
   */
  private openAfter(ms: number): void {
    const { host, realm } = this.options
    const open = () => (host.birthplace.isBusy ? this.openAfter(10) : this.open())
    realm.after(ms, open, "engine opens")
  }
}
