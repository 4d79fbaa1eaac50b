/**
 * What the engine's tests with real QEMU share: a root of their own, engines on it, guests, and the
 * promise that nothing is left: no QEMU of the root, no directory, no reservation, no busy actor.
 */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import { expect } from "vitest"
import type { StartOptions } from "../../../actors/domain/domain.ts"
import * as Domain from "../../../actors/domain/domain.ts"
import type { DomainRef } from "../../../actors/domain/domain.ts"
import type { Needs } from "../../../actors/domain/needs.ts"
import * as Calls from "../../../actors/driver/calls.ts"
import { type Driver, makeDriver } from "../../../actors/driver/driver.ts"
import type { HostServices, Parts } from "../../../actors/driver/parts.ts"
import type { Change } from "../../../machines/domain/change.ts"
import * as IdsLive from "../../../src/base/ids.live.ts"
import { guestDomainXml, guestImage } from "../../../src/cli/demo/guest.ts"
import * as FilesLive from "../../../src/host/files.live.ts"
import * as ProcessesLive from "../../../src/host/process.live.ts"
import * as SocketsLive from "../../../src/host/socket.live.ts"
import { makeCall } from "../../../src/kernel/call.ts"
import { nodeDispatcher } from "../../../src/kernel/dispatcher.live.ts"
import type { InspectionRecord } from "../../../src/kernel/inspection.ts"
import type { Domain as Definition } from "../../../src/model/domain.ts"
import type { DomainEvent } from "../../../src/model/event.ts"
import { validateDomain } from "../../../src/model/validate.ts"
import { parseDomain } from "../../../src/xml/domain.ts"
import { parseIdentity } from "../../../src/xml/identity.ts"
import { slowed, type Slowness } from "./slow-disk.ts"
import { deadWithin, processesNaming, processesOf, rootIdOf } from "./processes.ts"

export const qemu = "/usr/bin/qemu-system-x86_64"

const hostLayer = Layer.mergeAll(
  FilesLive.layer,
  ProcessesLive.layer,
  SocketsLive.layer,
  IdsLive.layer
)

/** Long enough for a loaded machine; a wait that ends here is a failure, not a measurement. */
export const patienceMs = 30_000

export const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, ms))

/** Polls a fact until it holds; `what` says in the failure what was waited for. */
export const until = async (what: string, holds: () => boolean, boundMs = patienceMs) => {
  const end = performance.now() + boundMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited ${boundMs} ms for ${what}`)
    await pause(3)
  }
}

/** The outcome of a call that may fail: its value, or its typed error. */
export const outcome = async <A>(call: Promise<A>): Promise<A | Error> =>
  call.catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))

/** The tag of a failure; `"ok"` when there was none. */
export const tagOf = (result: unknown): string =>
  result instanceof Error ? ((result as { readonly _tag?: string })._tag ?? result.name) : "ok"

let uuids = 0
/** A uuid that no other domain of this process has. */
export const freshUuid = (): string =>
  `00000000-0000-4000-8000-${(process.pid * 100_000 + ++uuids).toString(16).padStart(12, "0")}`

/** One engine under test. Methods are the API calls, each in a lease of its own. */
export class Engine {
  readonly driver: Driver
  private readonly host: Context.Context<HostServices>
  readonly events: DomainEvent[] = []
  readonly records: InspectionRecord[] = []

  constructor(driver: Driver, host: Context.Context<HostServices>) {
    this.driver = driver
    this.host = host
    driver.kernel.inspection.watch((record) => this.records.push(record))
  }

  get parts(): Parts {
    const parts = this.driver.parts()
    if (parts === undefined) throw new Error("the engine is not open")
    return parts
  }

  run<A, E>(effect: Effect.Effect<A, E, HostServices>, signal?: AbortSignal): Promise<A> {
    return Effect.runPromise(
      Effect.provideContext(effect, this.host),
      signal === undefined ? {} : { signal }
    )
  }

  call<A, E>(
    work: (parts: Parts) => Effect.Effect<A, E, Needs>,
    signal?: AbortSignal,
    procedure = "test"
  ): Promise<A> {
    const within = (parts: Parts) => Effect.provideContext(work(parts), parts.needs)
    return this.run(this.driver.call(makeCall(procedure), within), signal)
  }

  async open(): Promise<this> {
    await this.run(this.driver.open)
    const { parts, events } = this
    const listen = Effect.gen(function* () {
      const subscription = yield* parts.events.subscribe()
      for (;;) {
        const heard = yield* subscription.take
        if (heard === undefined) return
        if (heard.type !== "gap") events.push(heard)
      }
    })
    void this.run(Effect.scoped(listen))
    return this
  }

  close(stopsGuests = false): Promise<void> {
    return this.run(this.driver.close({ stopsGuests }))
  }

  define(definition: Definition, signal?: AbortSignal): Promise<DomainRef> {
    return this.call((parts) => Calls.define(parts, definition), signal)
  }

  create(definition: Definition, options: StartOptions = {}, signal?: AbortSignal) {
    return this.call((parts) => Calls.create(parts, definition, options), signal)
  }

  start(ref: DomainRef, options: StartOptions = {}, signal?: AbortSignal): Promise<number> {
    return this.call((parts) => Calls.start(parts, ref, options), signal)
  }

  destroy(ref: DomainRef, options: Domain.DestroyOptions = {}): Promise<void> {
    return this.call(() => Domain.destroy(ref, options))
  }

  change(ref: DomainRef, change: Change): Promise<void> {
    return this.call(() => Domain.change(ref, change))
  }

  suspend(ref: DomainRef, signal?: AbortSignal): Promise<void> {
    return this.call(() => Domain.suspend(ref), signal)
  }

  resume(ref: DomainRef): Promise<void> {
    return this.call(() => Domain.resume(ref))
  }

  signal(ref: DomainRef, what: "shutdown" | "reboot" | "reset"): Promise<void> {
    return this.call(() => Domain.signal(ref, what))
  }

  lookUp(key: string): Promise<DomainRef> {
    return this.call((parts) => Calls.lookUp(parts, key))
  }

  find(key: string) {
    return Calls.find(this.parts, key)
  }

  /** What lists show, by name. */
  names(): readonly string[] {
    return this.parts.domains
      .all()
      .filter(Calls.isVisible)
      .map(({ name }) => name)
      .toSorted()
  }

  /** Those that nobody is shown too: a shell that was left would hold its name. */
  allNames(): readonly string[] {
    return this.parts.domains
      .all()
      .map(({ name }) => name)
      .toSorted()
  }

  refs(): readonly DomainRef[] {
    return this.parts.domains.all().flatMap(({ ref }) => (ref === undefined ? [] : [ref]))
  }

  /** `started booted`, `stopped crashed`, `reboot`: in order, of one domain. */
  told(uuid: string): readonly string[] {
    return this.events
      .filter((event) => event.uuid === uuid)
      .map((event) => (event.type === "lifecycle" ? `${event.event} ${event.detail}` : event.type))
  }

  /** Runs a call whose caller leaves at the n-th turn of any actor from now on. */
  async leftAt<A>(turn: number, call: (signal: AbortSignal) => Promise<A>): Promise<A | Error> {
    const leaving = new AbortController()
    let turns = 0
    const unwatch = this.driver.kernel.inspection.watch(() => {
      if (turns++ === turn) leaving.abort()
    })
    const result = await outcome(call(leaving.signal))
    unwatch()
    return result
  }

  async tells(uuid: string, what: string): Promise<void> {
    await until(`'${what}' of ${uuid}, told ${this.told(uuid).join(", ")}`, () =>
      this.told(uuid).includes(what)
    )
  }
}

export interface Guest {
  readonly definition: Definition
  readonly xml: string
  readonly serialPath: string
  /** What it has said on its serial line so far. */
  readonly said: () => string
}

export interface GuestOptions {
  readonly uuid?: string
  /** Rewrites the XML of the plain guest. */
  readonly edit?: (xml: string) => string
  readonly serial?: "file" | "unix"
}

export interface BenchOptions {
  readonly emulator?: string
  readonly startConcurrency?: number
  readonly isAutostarting?: boolean
  readonly slow?: Slowness
}

/** A directory, a root in it, and the engines that were opened on that. */
export class Bench {
  readonly directory = fs.mkdtempSync(join(tmpdir(), "te-"))
  readonly root = join(this.directory, "r")
  readonly engines: Engine[] = []
  private readonly scope = Scope.makeUnsafe()

  async engine(options: BenchOptions = {}): Promise<Engine> {
    const { emulator = qemu, startConcurrency = 4, isAutostarting = true, slow = {} } = options
    const services = await Effect.runPromise(Layer.buildWithScope(hostLayer, this.scope))
    const host = slowed(services, slow)
    const driver = await Effect.runPromise(
      Effect.provideContext(
        makeDriver({
          root: this.root,
          owner: "test",
          readIdentity: parseIdentity,
          dispatcher: nodeDispatcher(),
          emulatorFor: () => emulator,
          isAutostarting,
          startConcurrency
        }),
        host
      )
    )
    const engine = new Engine(driver, host)
    this.engines.push(engine)
    return engine
  }

  async open(options: BenchOptions = {}): Promise<Engine> {
    return (await this.engine(options)).open()
  }

  guest(
    name: string,
    { uuid = freshUuid(), edit = (xml) => xml, serial = "file" }: GuestOptions = {}
  ): Guest {
    const diskPath = join(this.directory, "disk.img")
    if (!fs.existsSync(diskPath)) fs.writeFileSync(diskPath, guestImage())
    const serialPath = join(this.directory, `${uuid.slice(-8)}.serial`)
    const xml = edit(
      guestDomainXml({ name, uuid, diskPath, serial: { kind: serial, path: serialPath } }).replace(
        // The one image serves all guests: nobody writes to it.
        "<target dev='vda'",
        "<shareable/><target dev='vda'"
      )
    )
    const definition = parse(xml)
    const said = () =>
      fs.existsSync(serialPath) && serial === "file" ? fs.readFileSync(serialPath, "latin1") : ""
    return { definition, xml, serialPath, said }
  }

  /** Ends what is left, and says whether anything was that should not have been. */
  async dispose(isStrict: boolean): Promise<void> {
    try {
      for (const engine of this.engines) await finish(engine, isStrict)
      if (isStrict) await this.expectNothing()
    } finally {
      const left = processesNaming(this.directory)
      for (const { pid } of left) process.kill(pid, "SIGKILL")
      await deadWithin(left, patienceMs)
      await Effect.runPromise(
        Scope.close(this.scope, { _tag: "Success", value: undefined } as never)
      )
      fs.rmSync(this.directory, { recursive: true, force: true })
    }
  }

  /** No QEMU of this root, no record, no directory of an epoch. */
  async expectNothing(): Promise<void> {
    if (rootIdOf(this.root) === undefined) return
    await until(
      `no QEMU of ours: ${JSON.stringify(processesOf(this.root))}`,
      () => processesOf(this.root).length === 0,
      5_000
    )
    await until(
      `an empty run directory: ${this.leftovers().join(" ")}`,
      () => this.leftovers().length === 0,
      5_000
    )
  }

  leftovers(): readonly string[] {
    const names = fs.readdirSync(join(this.root, "run"), { recursive: true }) as string[]
    return names.filter((name) => name !== "status")
  }
}

/** As both faces do it: text to model, then what neither QEMU nor the host is needed for. */
export const parse = (xml: string): Definition =>
  Result.getOrThrow(
    validateDomain(Result.getOrThrow(parseDomain(xml, { uuid: freshUuid() })).domain)
  )

const finish = async (engine: Engine, isStrict: boolean): Promise<void> => {
  if (engine.driver.parts() === undefined) return
  for (const ref of engine.refs())
    if (Domain.view(ref).context.epoch !== undefined) await outcome(engine.destroy(ref))
  if (isStrict) await expectQuiet(engine)
  await engine.close()
}

/** Nothing runs, waits, is owed or is reserved. */
export const expectQuiet = async (engine: Engine): Promise<void> => {
  const { parts } = engine
  for (const ref of engine.refs()) {
    await until(`${Domain.view(ref).chart} to be idle`, () => ref.actor.isIdle, 5_000)
    expect(ref.belongings.present).toEqual([])
  }
  expect(parts.pools.pci.holdings()).toEqual({})
  expect(parts.pools.usb.holdings()).toEqual({})
  expect(parts.connections.registered()).toEqual([])
}

/** Runs a test on a bench of its own; what it leaves fails it. */
export const onBench = async (test: (bench: Bench) => Promise<void>): Promise<void> => {
  const bench = new Bench()
  let isDone = false
  try {
    await test(bench)
    isDone = true
  } finally {
    await bench.dispose(isDone)
  }
}

/** The same, with one engine open. */
export const onEngine = (
  test: (engine: Engine, bench: Bench) => Promise<void>,
  options: BenchOptions = {}
): Promise<void> => onBench(async (bench) => test(await bench.open(options), bench))

/** How long a start takes on this host, as it is now: the longer of two. */
export const startTime = async (engine: Engine, ref: DomainRef): Promise<number> => {
  let spanMs = 0
  for (let time = 0; time < 2; time++) {
    const before = performance.now()
    await engine.start(ref)
    spanMs = Math.max(spanMs, performance.now() - before)
    await engine.destroy(ref)
  }
  return spanMs
}

/** Its state and reason, as virsh would say them. */
export const stateOf = (ref: DomainRef): string => {
  const { state, context } = Domain.view(ref)
  return `${state} ${context.reason}`
}

export const becomes = (ref: DomainRef, state: string): Promise<void> =>
  until(`${state}; it is ${stateOf(ref)} (${Domain.view(ref).chart})`, () => stateOf(ref) === state)

/** The QEMU of a domain that runs. */
export const pidOf = (ref: DomainRef): number => {
  const { process: found } = Domain.view(ref).context
  if (found === undefined) throw new Error("it has no process")
  return found.pid
}
