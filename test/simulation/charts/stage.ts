/**
 * Real actors with the real charts in a world, and scripts whose deeds answer at once but go
 * through the same messages: domains that want one device. Small enough to be run thousands of
 * times a second, and in every order.
 */
import * as Effect from "effect/Effect"
import { makePool, type Pool } from "../../../actors/host-device-pool.ts"
import type { DomainFact, DomainProtocol } from "../../../machines/domain/context.ts"
import {
  domainMachine,
  type DomainMessage,
  type DomainSnapshot
} from "../../../machines/domain/domain.ts"
import { Actor } from "../../../src/kernel/actor.ts"
import { Kernel } from "../../../src/kernel/kernel.ts"
import type { Self } from "../../../src/kernel/script.ts"
import { initialStep, stateName, step } from "../../../src/kernel/statechart.ts"
import { StartFailed } from "../../../src/model/domain-error.ts"
import { type Strategy, World, type WorldOptions } from "../../../src/testing/world.ts"
import { definitionOf } from "../../property/machines/domain-cast.ts"

export type DomainActor = Actor<DomainSnapshot, DomainProtocol, DomainFact>

export const device = "0000:03:00.0"

const live = definitionOf({ onPoweroff: "destroy", onReboot: "restart", onCrash: "destroy" })
const decide = step(domainMachine) as (
  state: DomainSnapshot,
  message: DomainMessage
) => ReturnType<ReturnType<typeof step<typeof domainMachine>>>

interface LaunchParams {
  readonly epoch: string
  readonly starter: { readonly isPaused: boolean }
}

const launch =
  (pool: Pool, name: string) =>
  ({ epoch, starter }: LaunchParams, self: Self<DomainMessage>): Effect.Effect<DomainMessage> => {
    const holder = { uuid: name, name, epoch, token: epoch }
    const failed = (): DomainMessage => {
      const failure = new StartFailed({ domain: name, step: "reserve", why: "it is held" })
      return { type: "startFailed", failure }
    }
    return Effect.matchEffect(pool.reserve([{ device, isManaged: false }], holder), {
      onFailure: () => Effect.sync(failed),
      onSuccess: () =>
        Effect.sync((): DomainMessage => {
          const process = { pid: 7, startTime: "1" }
          self.tell({ type: "launched", epoch, id: 1, process, live })
          self.tell({ type: "monitorReady", epoch })
          return { type: "started", isPaused: starter.isPaused }
        })
    })
  }

const release =
  (pool: Pool) =>
  (
    { epoch }: { readonly epoch: string },
    self: Self<DomainMessage>
  ): Effect.Effect<DomainMessage> =>
    Effect.andThen(self.settled, Effect.exit(pool.release(epoch))).pipe(
      Effect.as({ type: "released" as const })
    )

const says = (message: DomainMessage) => () => Effect.succeed(message)

interface Ground {
  readonly world: World
  readonly kernel: Kernel
  readonly pool: Pool
}

const spawn = ({ world, kernel, pool }: Ground, name: string): DomainActor =>
  new Actor<DomainSnapshot, DomainProtocol, DomainFact>(
    {
      name,
      initial: initialStep(domainMachine, { uuid: name, name, persistent: live }),
      decide,
      describe: (state) => stateName(state.value),
      epochOf: (state) => state.context.epoch,
      scripts: {
        launch: launch(pool, name),
        release: release(pool),
        hear: () => Effect.void,
        deadline: ({ ms }: { readonly ms: number }) =>
          Effect.as(Effect.sleep(ms), { type: "overdue" as const }),
        pauseGuest: says({ type: "answered", failure: undefined }),
        continueGuest: says({ type: "answered", failure: undefined }),
        bootAgain: says({ type: "answered", failure: undefined }),
        sendSignal: says({ type: "signalled", failure: undefined, viaAcpi: true }),
        saveStatus: () => Effect.void,
        write: says({ type: "written" }),
        unregister: says({ type: "unregistered" }),
        reattach: says({ type: "reattached", status: "running" })
      }
    },
    kernel,
    world.context
  )

export interface Stage {
  readonly world: World
  readonly pool: Pool
  readonly domains: readonly DomainActor[]
}

export const stage = (
  names: readonly string[],
  choices: readonly number[] | Strategy,
  options: WorldOptions = {}
): Stage => {
  const world = new World(choices, options)
  const kernel = new Kernel(world, world.context)
  const pool = makePool(kernel, { kind: "usb" })
  return { world, pool, domains: names.map((name) => spawn({ world, kernel, pool }, name)) }
}

export type Request = "start" | "destroy"

export interface Asking {
  readonly domain: DomainActor
  readonly request: Request
  /** Of a start. */
  readonly epoch: string
}

/** Asks from a delivery of its own, so that who asks first is a choice too. */
export const ask = ({ world }: Stage, { domain, request, epoch }: Asking): void =>
  world.schedule(`client of ${domain.name}`, () => {
    // The mailbox is what it shares, and the actor tells that.
    world.fork<unknown, unknown>(
      request === "start"
        ? domain.ask("start", { epoch, isPaused: false, autoDestroy: undefined })
        : domain.ask("destroy", { isGraceful: false, epoch: undefined }, "control")
    )
  })

/** What is wrong at rest: a device with two owners, or with an owner that is off. */
export const wrongAtRest = ({ pool, domains }: Stage): string | undefined => {
  const alive = domains.filter(({ published }) => stateName(published.value).includes("running"))
  const holder = pool.holdings()[device]
  if (alive.length > 1) return "two guests have one device"
  if (alive[0]?.published.context.epoch !== holder?.token)
    return `the device is held by ${holder?.name}, and ${alive[0]?.name} runs`
  return domains.every(({ isIdle }) => isIdle) ? undefined : "somebody is still waiting"
}
