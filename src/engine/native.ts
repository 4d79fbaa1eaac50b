/**
 * The command line that a definition would be started with, without a start: what libvirt's
 * domxml-to-native shows. Nothing is taken of the host: ports, cards and sockets stand under names
 * that a start would give to the first guest of a host that has none.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Driver } from "../../actors/driver/driver.ts"
import type { CallError } from "../../actors/driver/once.ts"
import { withPorts } from "../../actors/domain/displays.ts"
import { withSockets } from "../../actors/domain/outputs.ts"
import { complete } from "../../actors/domain/plan.ts"
import { argvConfigOf } from "../../actors/domain/settings.ts"
import { Ids } from "../base/ids.ts"
import { makeCall } from "../kernel/call.ts"
import { devicesOf } from "../model/device.ts"
import { OperationFailed } from "../model/domain-error.ts"
import type { ModelError } from "../model/error.ts"
import type { Domain } from "../model/domain.ts"
import { genericNodesOf } from "../node/hostdev-node.ts"
import { validateDomain } from "../model/validate.ts"
import { buildArgv, guestEnvironment } from "../qemu/argv/argv.ts"
import type { Resources } from "../qemu/argv/context.ts"
import { prepareDomain } from "../qemu/complete.ts"
import type { ProbeFailed } from "../qemu/probe-process.ts"
import { type CompleteError, startRefusal } from "../qemu/refusal.ts"
import { guestDirectory } from "../store/layout.ts"
import { Store } from "../store/store.ts"
import { parseDomain } from "../xml/domain.ts"
import type { XmlError } from "../xml/error.ts"

export interface NativeCommand {
  readonly environment: { readonly [name: string]: string }
  /** The program first. */
  readonly argv: readonly [string, ...string[]]
}

export type NativeError =
  | CallError
  | CompleteError
  | ModelError
  | OperationFailed
  | ProbeFailed
  | XmlError

export type ToNative = (xml: string) => Effect.Effect<NativeCommand, NativeError>

/** The epoch of no start. */
const noEpoch = "0"

/** Where displays listen from, by libvirt's default. */
const firstPort = 5900

const portsOf = (definition: Domain): NonNullable<Resources["graphics"]> =>
  Object.fromEntries(
    devicesOf(definition, "graphics").map((display, position) => {
      const named = "port" in display ? display.port : undefined
      const isNamed = named !== undefined && named > 0
      return [position, { port: isNamed ? named : firstPort + position }]
    })
  )

/** Cards of kinds that have a tap device, each with the next name. */
const tapsOf = (live: Domain): NonNullable<Resources["taps"]> =>
  Object.fromEntries(
    devicesOf(live, "interface").map(({ alias = "", target, driver }, position) => [
      alias,
      {
        ifname: target?.dev ?? `vnet${position}`,
        queues: driver?.queues ?? 1,
        hasVhost: driver?.name === "vhost"
      }
    ])
  )

const commandOf = Effect.fnUntraced(function* (definition: Domain, config: ConfigOf) {
  const refused = startRefusal(definition)
  if (refused !== undefined) return yield* refused
  const { layout } = yield* Store
  const directory = guestDirectory(layout, noEpoch)
  const { domain, capabilities } = yield* complete(definition, prepareDomain)
  const settings = yield* argvConfigOf(config, domain, capabilities)
  const graphics = portsOf(domain)
  const live = withSockets(withPorts(domain, graphics, directory), directory)
  const resources: Resources = {
    monitor: { id: "monitor", path: `${directory}/monitor.sock` },
    stateDirectory: directory,
    channelDirectory: directory,
    shortName: noEpoch,
    graphics,
    taps: tapsOf(live),
    genericNodes: yield* genericNodesOf(live),
    nowSeconds: Math.floor((yield* Clock.currentTimeMillis) / 1000)
  }
  const argv = yield* Effect.fromResult(
    buildArgv(live, { capabilities, config: settings, resources })
  )
  const command: NativeCommand = { argv, environment: guestEnvironment(live, settings) }
  return command
})

type ConfigOf = Parameters<typeof argvConfigOf>[0]

export const toNative =
  (driver: Driver): ToNative =>
  (xml) =>
    driver.call(makeCall("connectDomainXMLToNative"), ({ config, needs }) =>
      Effect.gen(function* () {
        const uuid = yield* (yield* Ids).uuid
        const { domain } = yield* Effect.fromResult(parseDomain(xml, { uuid }))
        const definition = yield* Effect.fromResult(validateDomain(domain))
        return yield* commandOf(definition, config.current().values)
      }).pipe(
        Effect.catchTag("SettingUnavailable", ({ message: why }) =>
          Effect.fail(
            new OperationFailed({ domain: "", operation: "show the command line of", why })
          )
        ),
        Effect.provideContext(needs)
      )
    )
