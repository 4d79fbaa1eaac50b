/**
 * Makes a launch plan from a definition: completes it for this QEMU, refuses what cannot be
 * honoured, takes the ports and the directory that this epoch needs, and lists what is still to be
 * done on the host. Starts nothing.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Ids } from "../../src/base/ids.ts"
import { makeCgroup } from "../../src/host/cgroup.ts"
import { Files } from "../../src/host/files.ts"
import type { Domain } from "../../src/model/domain.ts"
import { genericNodesOf } from "../../src/node/hostdev-node.ts"
import { buildArgv, guestEnvironment } from "../../src/qemu/argv/argv.ts"
import type { ArgvConfig, Resources } from "../../src/qemu/argv/context.ts"
import { completeDomain, macsNeeded, prepareDomain } from "../../src/qemu/complete.ts"
import type { LaunchPlan } from "../../src/qemu/launch-plan.ts"
import { monitorId } from "../../src/qemu/monitor-id.ts"
import { startRefusal } from "../../src/qemu/refusal.ts"
import { logPath } from "../../src/store/layout.ts"
import { Store } from "../../src/store/store.ts"
import { type Account, accountOf } from "./account.ts"
import { giveSettings, planCardSettings } from "./card-settings.ts"
import { displaySockets, portsOf, takePorts, withPorts } from "./displays.ts"
import { makeFolder, memoryFolders } from "./folders.ts"
import { giveOwner, type Holds, oweHolds } from "./holds.ts"
import type { Identity } from "./needs.ts"
import { type NetworkOptions, planNetworks, withNetworks } from "./networks.ts"
import { prepareNvram } from "./nvram.ts"
import { type Output, planOutputs, withSockets } from "./outputs.ts"
import { ownersToChange } from "./ownership.ts"
import { argvConfigOf, findCgroup, firmwaresFor, hostAudioOf, planSettings } from "./settings.ts"
import { Surroundings } from "./surroundings.ts"
import { makeTap, type Tap } from "./tap.ts"

/** The definition as this QEMU would have it: canonical machine, controllers, addresses. */
export const complete = Effect.fnUntraced(function* (
  definition: Domain,
  how: typeof completeDomain = completeDomain
) {
  const { capabilities, config } = yield* Surroundings
  const { values } = config()
  const { layout } = yield* Store
  const ids = yield* Ids
  const able = yield* capabilities(definition)
  const macs = yield* Effect.all(Array.from({ length: macsNeeded(definition) }, () => ids.mac))
  const completed = how(definition, {
    capabilities: able,
    macs,
    nvramDirectory: `${layout.lib}/qemu/nvram`,
    generationId: yield* ids.uuid,
    hostAudio: hostAudioOf(values),
    firmwares: yield* firmwaresFor(definition, values.nvram)
  })
  return { domain: yield* Effect.fromResult(completed), capabilities: able }
})

const environmentOf = (directory: string) => ({
  LC_ALL: "C",
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: directory,
  XDG_DATA_HOME: `${directory}/.local/share`,
  XDG_CACHE_HOME: `${directory}/.cache`,
  XDG_CONFIG_HOME: `${directory}/.config`
})

/**
 * Sticky, and its group's to write: QEMU makes its own sockets in it, and cannot put anything in
 * the place of the monitor's, which is ours.
 */
const sharedMode = 0o1771

/** The epoch's directory, where QEMU's account may make its sockets. */
const makeDirectory = Effect.fnUntraced(function* (
  domain: Identity,
  epoch: string,
  account: Account | undefined
) {
  const store = yield* Store
  const files = yield* Files
  const directory = yield* domain.belongings
    .of(epoch)
    .undoable(
      "runtime directory",
      store.makeGuestDirectory(epoch),
      Effect.ignore(store.removeGuestDirectory(epoch))
    )
  if (account === undefined) return directory
  const { uid } = yield* files.stat(directory)
  yield* files.chown(directory, uid, account.gid)
  yield* files.chmod(directory, sharedMode)
  return directory
})

interface Wish {
  readonly holds: Holds
  readonly taps: readonly Tap[]
  readonly live: Domain
  readonly account: Account | undefined
  readonly isOwnershipDynamic: boolean
}

/**
 * What a start still has to do outside the epoch's directory. The undos are pushed first; the
 * status record with this list is written before.
 */
const deedsOf = (domain: Identity, epoch: string, { holds, taps, account }: Wish) =>
  Effect.gen(function* () {
    oweHolds(domain.belongings.of(epoch), holds)
    yield* Effect.forEach(holds.directories, (path) => makeFolder(path, account))
    yield* Effect.forEach(holds.owners, giveOwner)
    yield* Effect.forEach(taps, makeTap)
    yield* Effect.forEach(holds.cards ?? [], giveSettings)
    if (holds.cgroup !== undefined) yield* makeCgroup(holds.cgroup)
  })

interface Building {
  readonly live: Domain
  readonly config: ArgvConfig
  readonly resources: Omit<Resources, "nowSeconds">
}

const argvOf = Effect.fnUntraced(function* (
  { live, config, resources }: Building,
  capabilities: Effect.Success<ReturnType<typeof complete>>["capabilities"]
) {
  const nowSeconds = Math.floor((yield* Clock.currentTimeMillis) / 1000)
  return yield* Effect.fromResult(
    buildArgv(live, { capabilities, config, resources: { ...resources, nowSeconds } })
  )
})

/** Files of this start that others of the host may see: what is given away and given back. */
const holdsOf = Effect.fnUntraced(function* (
  wish: Omit<Wish, "holds">,
  parts: {
    readonly directory: string
    readonly directories: readonly string[]
    readonly listening: readonly string[]
    readonly cgroup: string | undefined
    readonly logs: readonly string[]
  }
) {
  const { live, account, taps, isOwnershipDynamic } = wish
  const { directory, directories, listening, cgroup, logs } = parts
  const owners =
    account !== undefined && isOwnershipDynamic ? yield* ownersToChange(live, account) : []
  const cards = yield* planCardSettings(live)
  const elsewhere = [...listening, ...displaySockets(live)].filter(
    (path) => !path.startsWith(`${directory}/`)
  )
  const holds: Holds = {
    owners,
    taps: taps.map(({ name }) => name),
    ...(cards.length === 0 ? {} : { cards }),
    sockets: elsewhere.map((path) => ({ path })),
    directories,
    logs,
    ...(cgroup === undefined ? {} : { cgroup })
  }
  return holds
})

/** Where a guest's parts on the host are; each may refuse. Ports and directory are taken. */
const placeGuest = Effect.fnUntraced(function* (
  domain: Identity,
  epoch: string,
  definition: Domain
) {
  const { config } = yield* Surroundings
  const { values } = config()
  const account = yield* accountOf(values)
  const completed = yield* complete(definition, prepareDomain)
  const { capabilities } = completed
  const argvConfig = yield* argvConfigOf(values, completed.domain, capabilities)
  const network: NetworkOptions = {
    epoch,
    account,
    bridgeHelper: values.bridgeHelper,
    maySpawn: argvConfig.seccompSandbox === 0
  }
  const networks = yield* planNetworks(completed.domain, network)
  const graphics = yield* takePorts(domain, epoch, completed.domain)
  const directory = yield* makeDirectory(domain, epoch, account)
  const placed = withNetworks(withPorts(completed.domain, graphics, directory), networks)
  const live = withSockets(placed, directory)
  return { account, capabilities, argvConfig, networks, graphics, directory, live }
})

/** What a launch takes; `deeds` are to be done when the record tells of `holds`. */
export interface Prepared {
  readonly plan: LaunchPlan
  readonly live: Domain
  readonly ports: readonly number[]
  readonly holds: Holds
  readonly outputs: readonly Output[]
  readonly deeds: ReturnType<typeof deedsOf>
}

export const planLaunch = Effect.fnUntraced(function* (
  domain: Identity,
  epoch: string,
  definition: Domain
) {
  const refused = startRefusal(definition)
  if (refused !== undefined) return yield* refused
  const { config } = yield* Surroundings
  const store = yield* Store
  const snapshot = config()
  const { values } = snapshot
  const place = yield* placeGuest(domain, epoch, definition)
  const { account, capabilities, argvConfig, networks, graphics, directory, live } = place
  const outputs = yield* planOutputs(live, directory)
  const shortName = `${store.rootId}-${epoch}`
  const resources = {
    stateDirectory: directory,
    channelDirectory: directory,
    shortName,
    graphics,
    taps: networks.resources,
    genericNodes: yield* genericNodesOf(live),
    ...outputs.resources
  }
  const argv = yield* argvOf({ live, config: argvConfig, resources }, capabilities)
  yield* prepareNvram(live)
  const log = logPath(store.layout, definition.name)
  const controllers = values.cgroupControllers
  const cgroup = yield* findCgroup({ epoch, controllers, logPath: log })
  const wish = {
    live,
    account,
    taps: networks.taps,
    isOwnershipDynamic: values.dynamicOwnership
  }
  const holds = yield* holdsOf(wish, {
    directory,
    directories: memoryFolders(live, argvConfig, shortName),
    listening: outputs.listeners.map(({ path }) => path),
    cgroup,
    logs: [log, ...outputs.files.map(({ path }) => path)]
  })
  const plan: LaunchPlan = {
    argv,
    environment: { ...environmentOf(directory), ...guestEnvironment(live, argvConfig) },
    directory: "/",
    monitor: {
      path: `${directory}/monitor.sock`,
      id: monitorId({ root: store.rootId, epoch: epoch.replace(".", "-"), uuid: domain.uuid })
    },
    logPath: log,
    listeners: outputs.listeners,
    ...planSettings(snapshot, live),
    ...(account === undefined ? {} : { user: account }),
    ...(cgroup === undefined ? {} : { cgroup })
  }
  const prepared: Prepared = {
    plan,
    live,
    ports: portsOf(graphics),
    holds,
    outputs: outputs.files,
    deeds: deedsOf(domain, epoch, { ...wish, holds })
  }
  return prepared
})
