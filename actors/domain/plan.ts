/**
 * Makes a launch plan from a definition: completes it for this QEMU, refuses what cannot be
 * honoured, takes the ports and the directory that this epoch needs. Starts nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Ids } from "../../src/base/ids.ts"
import type { ConfigValues } from "../../src/config/snapshot.ts"
import { Files } from "../../src/host/files.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { Capabilities } from "../../src/qemu/capabilities.ts"
import { buildArgv } from "../../src/qemu/argv/argv.ts"
import {
  type ArgvConfig,
  defaultArgvConfig,
  type GraphicsResources
} from "../../src/qemu/argv/context.ts"
import { completeDomain, macsNeeded, prepareDomain } from "../../src/qemu/complete.ts"
import type { LaunchPlan } from "../../src/qemu/launch-plan.ts"
import { monitorId } from "../../src/qemu/monitor-id.ts"
import { firstRefusal } from "../../src/qemu/refusal.ts"
import { logPath } from "../../src/store/layout.ts"
import { Store } from "../../src/store/store.ts"
import { NoPort } from "../ports.ts"
import type { Identity } from "./needs.ts"
import { Surroundings } from "./surroundings.ts"

/** The largest firmware variables file that is copied from its template. OVMF's has 528 KiB. */
const nvramBytesMax = 64 * 1024 * 1024

/** The definition as this QEMU would have it: canonical machine, controllers, addresses. */
export const complete = Effect.fnUntraced(function* (
  definition: Domain,
  how: typeof completeDomain = completeDomain
) {
  const { capabilities } = yield* Surroundings
  const { layout } = yield* Store
  const ids = yield* Ids
  const able = yield* capabilities(definition)
  const macs = yield* Effect.all(Array.from({ length: macsNeeded(definition) }, () => ids.mac))
  const completed = how(definition, {
    capabilities: able,
    macs,
    nvramDirectory: `${layout.lib}/qemu/nvram`,
    generationId: yield* ids.uuid
  })
  return { domain: yield* Effect.fromResult(completed), capabilities: able }
})

/** Display ports that the definition leaves to us, or names. Given back with the epoch. */
const takePorts = Effect.fnUntraced(function* (
  domain: Identity,
  epoch: string,
  definition: Domain
) {
  const { ports, config } = yield* Surroundings
  const { remoteDisplayPortMin: min, remoteDisplayPortMax: max } = config().values
  const mine = domain.belongings.of(epoch)
  const token = `${domain.uuid}/${epoch}`
  const displays = definition.devices.filter((device) => device.kind === "graphics")
  const taken: { [position: number]: GraphicsResources } = {}
  for (const [position, display] of displays.entries()) {
    if (display.type !== "vnc" && display.type !== "spice") continue
    const isSocket = display.listens.some(({ type }) => type === "socket" || type === "none")
    if (isSocket) continue
    const asked = display.autoport ? undefined : display.port
    const range = asked === undefined ? { min, max } : { min: asked, max: asked }
    if (range.min > range.max) return yield* new NoPort({ range })
    const port = yield* mine.undoable(
      "display port",
      ports.take({ range, token }),
      Effect.ignore(ports.release(token))
    )
    taken[position] = { port }
  }
  return taken
})

/** The live definition says which ports its displays have. */
const withPorts = (
  definition: Domain,
  taken: { readonly [position: number]: GraphicsResources }
): Domain => {
  let position = -1
  const devices = definition.devices.map((device) => {
    if (device.kind !== "graphics") return device
    position += 1
    const port = taken[position]?.port
    return port === undefined ? device : { ...device, port }
  })
  return { ...definition, devices }
}

const argvConfig = (values: ConfigValues): ArgvConfig => ({
  ...defaultArgvConfig,
  vncListen: values.vncListen,
  vncTls: values.vncTls,
  vncSasl: values.vncSasl,
  vncAutoUnixSocket: values.vncAutoUnixSocket,
  spiceListen: values.spiceListen,
  spiceTls: values.spiceTls,
  spiceSasl: values.spiceSasl,
  spiceAutoUnixSocket: values.spiceAutoUnixSocket,
  dumpGuestCore: values.dumpGuestCore
})

/** The guest's own firmware variables, from their template when there are none yet. */
const prepareNvram = Effect.fnUntraced(function* ({ os: { nvram } }: Domain) {
  if (nvram?.path === undefined || nvram.template === undefined) return
  const files = yield* Files
  const { path, template } = nvram
  const isThere = yield* Effect.match(files.stat(path), {
    onSuccess: () => true,
    onFailure: () => false
  })
  if (isThere) return
  const bytes = yield* files.read(template, nvramBytesMax)
  const directory = path.slice(0, path.lastIndexOf("/"))
  yield* files.makeDirectory(directory, 0o711)
  const half = `${path}.new`
  yield* Effect.acquireUseRelease(
    files.open(half, "write", 0o600),
    (file) => Effect.andThen(files.write(file, bytes), files.sync(file)),
    (file) => files.close(file)
  )
  yield* files.rename(half, path)
})

const environmentOf = (directory: string) => ({
  LC_ALL: "C",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: directory,
  XDG_DATA_HOME: `${directory}/.local/share`,
  XDG_CACHE_HOME: `${directory}/.cache`,
  XDG_CONFIG_HOME: `${directory}/.config`
})

const limitsOf = (values: ConfigValues): LaunchPlan["limits"] => ({
  ...(values.maxFiles > 0 ? { nofile: values.maxFiles } : {}),
  ...(values.maxProcesses > 0 ? { nproc: values.maxProcesses } : {})
})

interface Wish {
  readonly live: Domain
  readonly capabilities: Capabilities
  readonly directory: string
  readonly graphics: { readonly [position: number]: GraphicsResources }
}

const argvOf = Effect.fnUntraced(function* (epoch: string, wish: Wish) {
  const { config } = yield* Surroundings
  const { live, capabilities, directory, graphics } = wish
  return yield* Effect.fromResult(
    buildArgv(live, {
      capabilities,
      config: argvConfig(config().values),
      resources: {
        stateDirectory: directory,
        channelDirectory: directory,
        shortName: epoch,
        graphics,
        nowSeconds: Math.floor((yield* Clock.currentTimeMillis) / 1000)
      }
    })
  )
})

export const planLaunch = Effect.fnUntraced(function* (
  domain: Identity,
  epoch: string,
  definition: Domain
) {
  const refused = firstRefusal(definition)
  if (refused !== undefined) return yield* refused
  const { config } = yield* Surroundings
  const store = yield* Store
  const mine = domain.belongings.of(epoch)
  const completed = yield* complete(definition, prepareDomain)
  const graphics = yield* takePorts(domain, epoch, completed.domain)
  const live = withPorts(completed.domain, graphics)
  const directory = yield* mine.undoable(
    "runtime directory",
    store.makeGuestDirectory(epoch),
    Effect.ignore(store.removeGuestDirectory(epoch))
  )
  yield* prepareNvram(live)
  const { capabilities } = completed
  const argv = yield* argvOf(epoch, { live, capabilities, directory, graphics })
  const limits = limitsOf(config().values)
  const plan: LaunchPlan = {
    argv,
    environment: environmentOf(directory),
    directory: "/",
    monitor: {
      path: `${directory}/monitor.sock`,
      id: monitorId({ root: store.rootId, epoch: epoch.replace(".", "-"), uuid: domain.uuid })
    },
    logPath: logPath(store.layout, definition.name),
    ...(limits === undefined || Object.keys(limits).length === 0 ? {} : { limits })
  }
  const ports = Object.values(graphics).flatMap(({ port }) => (port === undefined ? [] : [port]))
  return { plan, live, ports }
})
