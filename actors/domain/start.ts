/**
 * Script `launch`: the steps of a start, each with its undo pushed before its deed. Nothing in it
 * polls or sleeps; every wait can be interrupted, and then the undos are the next script's.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Launch } from "../../machines/domain/base.ts"
import { logLimits } from "../../src/host/log-file.ts"
import type { ProcessExit } from "../../src/host/process.ts"
import type { Domain } from "../../src/model/domain.ts"
import { StartFailed } from "../../src/model/domain-error.ts"
import { type HostDeviceKind, hostDeviceKinds } from "../../src/model/hostdev-wish.ts"
import { resolveHostdevs, type Wishes } from "../../src/node/hostdev.ts"
import { launch, whileAlive } from "../../src/qemu/launcher.ts"
import { domainText } from "../../src/store/domain-text.ts"
import type { StatusRecord } from "../../src/store/status.ts"
import { holderOf } from "../device-pools.ts"
import type { Belongings } from "./belongings.ts"
import { connect, earOf } from "./connect.ts"
import type { DomainSelf, Identity, Needs } from "./needs.ts"
import { leavesTraces, lookAtSockets } from "./holds.ts"
import { withOutputs } from "./outputs.ts"
import { planLaunch, type Prepared } from "./plan.ts"
import { settle } from "./settle.ts"
import { dropRecord, putRecord } from "./status.ts"
import { untilDead } from "./stop.ts"
import { Surroundings } from "./surroundings.ts"

/** Names the step in which something failed, for the one error that a start has. */
const during =
  (domain: Identity, step: string) =>
  <A, E extends { readonly message: string }, R>(
    work: Effect.Effect<A, E, R>
  ): Effect.Effect<A, StartFailed, R> =>
    Effect.mapError(work, (error) => {
      const { name } = domain.now().context
      // QEMU reads its words, opens its disks, and dies of them, while it is connected to.
      const isQemu = "_tag" in error && error._tag === "QemuDied"
      return new StartFailed({ domain: name, step: isQemu ? "launch" : step, why: error.message })
    })

/** Whose a guest's host devices are. */
const tokenOf = ({ uuid }: Identity, epoch: string): string => `${uuid}/${epoch}`

/**
 * Host devices of all kinds, all or nothing, by one token. The definition that comes back says
 * where on the host each is.
 */
export const reserveDevices = Effect.fnUntraced(function* (
  domain: Identity,
  epoch: string,
  definition: Domain
) {
  const { pools, note } = yield* Surroundings
  const resolved = yield* resolveHostdevs(definition, holderOf(pools))
  for (const why of resolved.notes) note({ what: `start of '${definition.name}'`, why })
  const mine = domain.belongings.of(epoch)
  const holder = {
    uuid: domain.uuid,
    name: definition.name,
    epoch,
    token: tokenOf(domain, epoch)
  }
  for (const kind of hostDeviceKinds) {
    const wishes = resolved.wishes[kind]
    if (wishes.length === 0) continue
    const giveBack = Effect.ignore(pools[kind].release(holder.token))
    yield* mine.undoable("host devices", pools[kind].reserve(wishes, holder), giveBack)
  }
  return resolved
})

/** They leave their drivers, and are the guest's. */
const prepareDevices = Effect.fnUntraced(function* (
  domain: Identity,
  { epoch, wishes }: Recording
) {
  const { pools } = yield* Surroundings
  for (const kind of hostDeviceKinds)
    if (wishes[kind].length > 0) yield* pools[kind].prepare(tokenOf(domain, epoch))
})

const reservationsOf = (wishes: Wishes, ports: readonly number[]) => {
  const names = (kind: HostDeviceKind) => wishes[kind].map(({ device }) => device)
  return { pci: names("pci"), usb: names("usb"), scsi: names("scsi"), mdev: names("mdev"), ports }
}

/** For deaths that leave the socket open: something that QEMU started may hold it still. */
const tellExit =
  (mine: Belongings<Needs>, self: DomainSelf, epoch: string) =>
  ({ code, signal }: ProcessExit): void => {
    const why = signal === undefined ? `it ended with exit code ${code}` : `it got ${signal}`
    const fact = { type: "exited" as const, epoch, isClean: code === 0, why }
    if (mine.ear?.hear(fact) !== true) self.tell(fact)
  }

interface Starting {
  readonly domain: Identity
  readonly self: DomainSelf
  readonly epoch: string
}

const spawn = ({ domain, self, epoch }: Starting, { plan, outputs, holds }: Prepared) =>
  Effect.gen(function* () {
    const mine = domain.belongings.of(epoch)
    earOf(mine, self, false)
    mine.monitorPath = plan.monitor.path
    // Owed before the spawn: it finds out from the belongings whether there is anything to end.
    mine.owe(
      "process",
      Effect.suspend(() =>
        mine.process === undefined ? Effect.void : untilDead(mine, mine.process, 0)
      )
    )
    return yield* Effect.uninterruptible(
      withOutputs(outputs, plan.logLimits ?? logLimits, (files) => launch({ ...plan, files })).pipe(
        Effect.tapError((error) =>
          Effect.sync(() => {
            if (error._tag === "LaunchFailed") mine.process = error.survivor
          })
        ),
        Effect.tap((launched) =>
          Effect.sync(() => {
            mine.process = launched.process
            mine.onExit = launched.onExit
            launched.onExit(tellExit(mine, self, epoch))
          })
        ),
        Effect.tap(() =>
          Effect.map(lookAtSockets(holds.sockets), (bound) => (mine.sockets = bound))
        )
      )
    )
  })

interface Recording {
  readonly epoch: string
  readonly id: number
  readonly isTransient: boolean
  readonly autoDestroy: string | undefined
  readonly wishes: Wishes
}

/** The record of an epoch whose QEMU exists and has not run its guest. */
const recordOf = Effect.fnUntraced(function* (
  mine: Belongings<Needs>,
  { live, plan, ports, holds }: Prepared,
  { epoch, id, isTransient, autoDestroy, wishes }: Recording
) {
  const record: StatusRecord = {
    uuid: live.uuid,
    name: live.name,
    epoch,
    token: plan.monitor.id,
    ...(mine.process === undefined ? {} : { process: mine.process }),
    monitorPath: plan.monitor.path,
    id,
    phase: "launched",
    state: "paused",
    reason: "starting-up",
    isTransient,
    definition: domainText(live, "active"),
    reservations: reservationsOf(wishes, ports),
    holds,
    startedAtMs: yield* Clock.currentTimeMillis,
    ...(autoDestroy === undefined ? {} : { autoDestroy })
  }
  return record
})

/** Writes the record; its removal is owed from before the first write. */
const record = (mine: Belongings<Needs>, status: StatusRecord) =>
  Effect.suspend(() => {
    if (mine.record === undefined)
      mine.owe(
        "status record",
        Effect.suspend(() => dropRecord(mine, status.epoch))
      )
    mine.record = status
    return putRecord(mine)
  })

interface Hosting extends Starting {
  readonly recording: Recording
}

/** What is done on the host before there is a QEMU. */
const takeHolds = Effect.fnUntraced(function* (
  { domain, epoch, recording }: Hosting,
  prepared: Prepared
) {
  const at = (step: string) => during(domain, step)
  if (leavesTraces(prepared.holds)) {
    const mine = domain.belongings.of(epoch)
    // A crash between the deeds and the launch is undone by whoever reads this.
    const first = yield* recordOf(mine, prepared, recording)
    yield* at("record")(record(mine, { ...first, phase: "launching" }))
  }
  // VFIO's nodes are there only now, and change their owner with the files.
  yield* at("prepare")(prepareDevices(domain, recording))
  yield* at("prepare")(prepared.deeds)
})

/** Everything up to a process: what costs the host, and is done by so many starts at a time. */
const bring = Effect.fnUntraced(function* (
  domain: Identity,
  { epoch, definition, starter, isTransient }: Launch,
  self: DomainSelf
) {
  const at = (step: string) => during(domain, step)
  const surroundings = yield* Surroundings
  const resolved = yield* at("reserve")(reserveDevices(domain, epoch, definition))
  const prepared = yield* at("prepare")(planLaunch(domain, epoch, resolved.domain))
  const id = yield* at("reserve")(surroundings.allocateId)
  const { wishes } = resolved
  const recording = { epoch, id, isTransient, autoDestroy: starter.autoDestroy, wishes }
  yield* takeHolds({ domain, self, epoch, recording }, prepared)
  const launched = yield* at("launch")(spawn({ domain, self, epoch }, prepared))
  self.tell({ type: "launched", epoch, id, process: launched.process, live: prepared.live })
  return { prepared, launched, recording }
})

type Brought = Effect.Success<ReturnType<typeof bring>>

/** From a process to a guest. Waits for QEMU, and for nobody else's. */
const awaken = Effect.fnUntraced(function* (
  { domain, self, epoch }: Starting,
  { prepared, launched, recording }: Brought,
  { isPaused }: Launch["starter"]
) {
  const at = (step: string) => during(domain, step)
  const mine = domain.belongings.of(epoch)
  const { plan } = prepared
  const status = yield* recordOf(mine, prepared, recording)
  const [monitor] = yield* Effect.all(
    [
      at("connect")(whileAlive(plan, launched, connect(domain, self, epoch))),
      at("record")(record(mine, status))
    ],
    { concurrency: "unbounded" }
  )
  const known = yield* at("configure")(whileAlive(plan, launched, settle(monitor, prepared)))
  mine.sockets = known.holds.sockets
  const definitionText = known.isNews ? domainText(known.live, "active") : status.definition
  const settled = { ...status, definition: definitionText, holds: known.holds }
  // A terminal's path is news that only readers miss: it is on disk before the start is answered.
  const news = known.isNews ? at("record")(record(mine, settled)) : Effect.void
  const goes = isPaused
    ? Effect.void
    : at("continue")(whileAlive(plan, launched, monitor.execute({ execute: "cont" })))
  yield* Effect.all([news, goes], { concurrency: "unbounded" })
  // A guest that runs proves by that that it was continued. One that was to stay paused looks like
  // one whose start was cut short: only the record can tell them apart.
  if (isPaused) yield* at("record")(record(mine, { ...settled, phase: "paused" }))
  return { type: "started" as const, isPaused, live: known.live }
})

/** The lane itself can fail: the engine ends, or the line before it is full. */
const inLane = Effect.fnUntraced(function* (domain: Identity, request: Launch, self: DomainSelf) {
  const { inStartLane, capabilities } = yield* Surroundings
  // Before the lane: a binary that does not answer its probe holds up only those that need it.
  yield* during(domain, "prepare")(capabilities(request.definition))
  return yield* Effect.mapError(inStartLane(bring(domain, request, self)), (failure) =>
    failure._tag === "StartFailed"
      ? failure
      : new StartFailed({
          domain: domain.now().context.name,
          step: "wait for its turn",
          why: failure.message
        })
  )
})

export const startGuest = (domain: Identity) => (request: Launch, self: DomainSelf) =>
  Effect.gen(function* () {
    const { connections } = yield* Surroundings
    const { epoch, starter } = request
    // Before anything waits: a client that goes while its guest starts takes the guest with it.
    if (starter.autoDestroy !== undefined)
      connections.register({
        kind: "autoDestroy",
        connection: starter.autoDestroy,
        uuid: domain.uuid,
        epoch
      })
    const brought = yield* inLane(domain, request, self)
    return yield* awaken({ domain, self, epoch }, brought, starter)
  }).pipe(Effect.catch((failure) => Effect.succeed({ type: "startFailed" as const, failure })))
