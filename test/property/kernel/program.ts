/**
 * Random programs over toy actors, run in a simulated world, and what is found wrong with a run.
 * A program is plain data and the order of deliveries is a list of numbers: both shrink.
 */
import fc from "fast-check"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { CurrentCall, makeCall } from "../../../src/kernel/call.ts"
import type { InspectionRecord } from "../../../src/kernel/inspection.ts"
import { Kernel } from "../../../src/kernel/kernel.ts"
import { Supervisor } from "../../../src/kernel/supervisor.ts"
import { type Strategy, World, type WorldOptions } from "../../../src/testing/world.ts"
import {
  endOf,
  errorOf,
  idleToy,
  type Plan,
  type Step,
  Toy,
  type ToyProtocol,
  type Troupe
} from "./toy.ts"

export interface Op {
  readonly client: number
  readonly actor: number
  readonly request: keyof ToyProtocol & string
  readonly plan: Plan
  readonly beforeMs: number
  /** The client gives up waiting after this long. */
  readonly abandonMs: number | undefined
  /** Its call is overdue this long after the asking. */
  readonly deadlineMs: number | undefined
}

export interface Program {
  readonly toyCount: number
  readonly ops: readonly Op[]
}

/** `[]` is first come, first served; shorter lists and smaller numbers are simpler orders. */
export const choiceList = fc.array(fc.nat(11), { maxLength: 150, size: "max" })

const time = fc.constantFrom(0, 0, 0, 1, 2, 3, 5, 8)

export interface ProgramOptions {
  readonly requests?: readonly (keyof ToyProtocol & string)[]
  /** Jobs ask only toys of a higher index: no circle can arise. */
  readonly isAcyclic?: boolean
  readonly mayDie?: boolean
  readonly mayExpire?: boolean
}

const stepOf = (depth: number, options: ProgramOptions): fc.Arbitrary<Step> => {
  const actor = fc.nat(3)
  const plain: fc.Arbitrary<Step>[] = [
    fc.record({ kind: fc.constant("sleep" as const), ms: time }),
    fc.record({ kind: fc.constant("tick" as const), afterMs: time }),
    fc.record({ kind: fc.constantFrom("read" as const, "join" as const), actor })
  ]
  if (options.mayDie === true) plain.push(fc.constant({ kind: "die" as const }))
  if (depth === 0) return fc.oneof(...plain)
  const plan = fc.array(stepOf(depth - 1, options), { maxLength: 2 })
  return fc.oneof(...plain, fc.record({ kind: fc.constant("work" as const), actor, plan }))
}

/** With `isAcyclic`, toys asked from toy i become toys above i, or the step becomes a pause. */
const upward = (plan: Plan, from: number, toyCount: number): Plan =>
  plan.map((step): Step => {
    if (!("actor" in step)) return step
    const above = toyCount - 1 - from
    if (above <= 0) return { kind: "sleep", ms: 1 }
    const actor = from + 1 + (step.actor % above)
    return step.kind === "work"
      ? { ...step, actor, plan: upward(step.plan, actor, toyCount) }
      : { ...step, actor }
  })

export const programOf = (options: ProgramOptions = {}): fc.Arbitrary<Program> => {
  const op = fc.record({
    client: fc.nat(3),
    actor: fc.nat(3),
    request: fc.constantFrom(
      ...(options.requests ?? (["work", "work", "work", "read", "join", "redo", "kill"] as const))
    ),
    plan: fc.array(stepOf(2, options), { maxLength: 3 }),
    beforeMs: time,
    abandonMs: fc.option(time, { nil: undefined, freq: 4 }),
    deadlineMs:
      options.mayExpire === true
        ? fc.option(fc.nat(30), { nil: undefined })
        : fc.constant(undefined)
  })
  return fc
    .record({
      toyCount: fc.integer({ min: 1, max: 4 }),
      ops: fc.array(op, { minLength: 1, maxLength: 10 })
    })
    .map(({ toyCount, ops }) => ({
      toyCount,
      ops: ops.map((each) => {
        const actor = each.actor % toyCount
        const plan = options.isAcyclic === true ? upward(each.plan, actor, toyCount) : each.plan
        return { ...each, actor, plan }
      })
    }))
}

export interface Result {
  readonly op: Op
  /** `ok`, `interrupted`, or the tag of the error. */
  readonly end: string
  readonly error: unknown
  /** Of the call; what its job asks carries it on. */
  readonly procedure: string
  /** How many records there were when it ended. */
  readonly recordCount: number
  /** Monotonic, in ms. */
  readonly askedAtMs: number
  readonly endedAtMs: number
}

export interface Report {
  readonly world: World
  readonly results: readonly Result[]
  /** How the asks of scripts ended. */
  readonly asked: readonly string[]
  readonly troupe: Troupe
  readonly records: readonly InspectionRecord[]
  /** What is wrong with the run; empty when every law held. */
  readonly problems: readonly string[]
}

export const runProgram = (
  program: Program,
  choices: readonly number[] | Strategy,
  options: WorldOptions = {}
): Report => {
  const world = new World(choices, options)
  const kernel = new Kernel(world, world.context)
  const records: InspectionRecord[] = []
  kernel.inspection.watch((record) => records.push(record))
  const troupe: Troupe & { readonly toys: Toy[] } = {
    toys: [],
    violations: [],
    asked: [],
    pending: [],
    circles: [],
    instant: 0
  }
  const supervisor = new Supervisor("supervisor", kernel, {
    onGivenUp: (id) => {
      // Whoever owns the supervisor decides; here, that nobody shall wait for it any more.
      const toy = troupe.toys.find((each) => each.actor.name === id)
      if (toy !== undefined) world.fork(toy.actor.stop())
    },
    context: world.context
  })
  for (let index = 0; index < program.toyCount; index++) {
    const id = `toy${index}`
    const onCrash = () => supervisor.crashed(id)
    const toy = new Toy(troupe, { index, kernel, context: world.context, onCrash })
    troupe.toys.push(toy)
    const revive = Effect.sync(() =>
      // The number of the last job is durable, or an old epoch would come again.
      toy.actor.restart({ next: { ...idleToy, job: toy.actor.published.job }, actions: [] })
    )
    supervisor.watch({ id, revive })
  }
  const problems: string[] = []
  const results: Result[] = []
  const clients = runClients(program, troupe, { world, results, records })
  let leaked = 0
  while (world.step()) {
    const isQuiet = clients.every((fiber) => fiber.pollUnsafe() !== undefined)
    if (isQuiet && world.isCalm && troupe.toys.every((toy) => toy.actor.isIdle))
      leaked = Math.max(leaked, kernel.timers.size)
  }
  if (leaked > 0) problems.push(`${leaked} deadlines left at quiescence`)
  problems.push(...troupe.violations)
  const unanswered = clients.filter((fiber) => fiber.pollUnsafe() === undefined)
  if (unanswered.length > 0) problems.push(`${unanswered.length} clients were never answered`)
  for (const toy of troupe.toys)
    if (!toy.actor.isIdle) problems.push(`${toy.actor.name} owes something at quiescence`)
  return { world, results, asked: troupe.asked, troupe, records, problems }
}

const runClients = (
  program: Program,
  troupe: Troupe,
  into: {
    readonly world: World
    readonly results: Result[]
    readonly records: readonly InspectionRecord[]
  }
): readonly Fiber.Fiber<unknown>[] => {
  const run = (op: Op) =>
    Effect.gen(function* () {
      yield* Effect.sleep(op.beforeMs)
      const toy = troupe.toys[op.actor]
      if (toy === undefined) throw new Error("an op names a toy that exists")
      const lane = op.request === "kill" || op.request === "redo" ? "control" : "user"
      const fields = { plan: op.plan }
      const askedAtMs = into.world.nowMs
      const procedure = `op${program.ops.indexOf(op)}`
      const asking = Effect.provideService(
        toy.actor.ask(op.request, fields, lane) as Effect.Effect<unknown, unknown>,
        CurrentCall,
        makeCall(procedure, {
          deadlineMs: op.deadlineMs === undefined ? undefined : askedAtMs + op.deadlineMs
        })
      )
      const fiber = yield* Effect.forkChild(asking, { startImmediately: true })
      if (op.abandonMs !== undefined) {
        yield* Effect.sleep(op.abandonMs)
        yield* Fiber.interrupt(fiber)
      }
      const exit = yield* Fiber.await(fiber)
      const recordCount = into.records.length
      const endedAtMs = into.world.nowMs
      into.results.push({
        op,
        end: endOf(exit),
        error: errorOf(exit),
        procedure,
        recordCount,
        askedAtMs,
        endedAtMs
      })
    })
  const numbers = [...new Set(program.ops.map((op) => op.client))]
  return numbers.map((client) => {
    const mine = program.ops.filter((op) => op.client === client)
    const all = Effect.forEach(mine, run, { discard: true })
    return into.world.fork(all)
  })
}
