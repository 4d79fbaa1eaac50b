/** QEMU's own events for whoever knows QEMU: names and data as they were told, none explained. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import type { Heard } from "../../actors/event-bus.ts"
import type { MonitorEvent } from "../model/event.ts"
import { reading } from "./waiting.ts"

export interface MonitorEventOptions {
  /** The uuid of the one domain. By default all. */
  readonly domain?: string
  /** Which events, by QEMU's name. By default all. */
  readonly isMeant?: (event: string) => boolean
}

/** One effect for each event: `undefined` when the engine has ended, or the filter has failed. */
export type SubscribeMonitors = (
  options?: MonitorEventOptions
) => Effect.Effect<Effect.Effect<Heard<MonitorEvent> | undefined>, CallError, Scope.Scope>

export const subscribeMonitors =
  (driver: Driver): SubscribeMonitors =>
  ({ domain, isMeant = () => true } = {}) =>
    Effect.gen(function* () {
      const procedure = "qemuConnectDomainMonitorEventRegister"
      const { monitorEvents } = yield* reading(driver, procedure, (parts) => parts)
      const subscription = yield* monitorEvents.subscribe(
        ({ uuid, event }) => (domain === undefined || uuid === domain) && isMeant(event)
      )
      return subscription.take
    })
