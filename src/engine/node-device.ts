/**
 * What may be asked about the devices of the host: which there are, what each is, and what happens
 * to them. Every answer is read when it is asked for. Nothing is taken or given back here.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { isStillListed, listDevices } from "../host/device-list.ts"
import { Files } from "../host/files.ts"
import { type PciInventory, readPciInventory } from "../host/pci-inventory.ts"
import { type PciNames, readPciNames } from "../host/pci-names.ts"
import { readScsiHost } from "../host/scsi.ts"
import { readAllUsb } from "../host/usb.ts"
import type {
  ListedDevice,
  NodeDevice,
  NodeDeviceEvent,
  UsbDeviceCapability
} from "../model/node-device.ts"
import { capabilityWords, kindOfWord, readDevice } from "../node/device.ts"
import { NodeDeviceNotFound } from "../node/device-error.ts"
import { nodeDeviceXml } from "../xml/node-device.ts"
import { deviceWatch } from "./node-device-watch.ts"

/** The two names of a Fibre Channel host: 16 hexadecimal digits each. */
export interface WorldWideNames {
  readonly wwnn: string
  readonly wwpn: string
}

export interface NodeDevices {
  /** All, by name; the computer itself among them. */
  readonly list: Effect.Effect<readonly ListedDevice[]>
  /** Those that one of libvirt's words is true of: `pci`, `fc_host`, `vpd`, ...; in their order. */
  readonly listWith: (words: readonly string[]) => Effect.Effect<readonly ListedDevice[]>
  readonly lookup: (name: string) => Effect.Effect<ListedDevice, NodeDeviceNotFound>
  /** The SCSI host that has these names. */
  readonly lookupScsiHost: (
    names: WorldWideNames
  ) => Effect.Effect<ListedDevice, NodeDeviceNotFound>
  readonly describe: (name: string) => Effect.Effect<NodeDevice, NodeDeviceNotFound>
  readonly xml: (name: string) => Effect.Effect<string, NodeDeviceNotFound>
  /** libvirt's words for what it is: `pci`, and perhaps `vpd`. */
  readonly words: (name: string) => Effect.Effect<readonly string[], NodeDeviceNotFound>
  /**
   * Until the scope closes, from when it succeeds on. `hear` is called in the order of what was
   * seen; it neither waits nor throws.
   */
  readonly subscribe: (
    hear: (event: NodeDeviceEvent) => void
  ) => Effect.Effect<void, never, Scope.Scope>
  /** All PCI functions, with what goes with each. */
  readonly pci: Effect.Effect<PciInventory>
  /** All USB devices, root hubs among them. */
  readonly usb: Effect.Effect<readonly UsbDeviceCapability[]>
}

/** Read once: the list of names changes with a package, and has 1.4 MB. */
const makeNames = () => {
  let known: PciNames | undefined
  return Effect.gen(function* () {
    known ??= yield* readPciNames
    return known
  })
}

/**
 * Finds devices by name. The last list answers where the device is still in its place; so a client
 * that asks about each of a thousand devices does not have a thousand lists made.
 */
const makeLookup = () => {
  let last: ReadonlyMap<string, ListedDevice> = new Map()
  const list = Effect.map(listDevices, (devices) => {
    last = new Map(devices.map((device) => [device.name, device]))
    return devices
  })
  const lookup = Effect.fnUntraced(function* (name: string) {
    const known = last.get(name)
    if (known !== undefined && (yield* isStillListed(known))) return known
    yield* list
    const found = last.get(name)
    return found ?? (yield* new NodeDeviceNotFound({ name }))
  })
  return { list, lookup }
}

interface Ground {
  readonly uuid: Effect.Effect<string>
}

const makeReads = ({ uuid }: Ground) => {
  const names = makeNames()
  const { list, lookup } = makeLookup()
  const read = Effect.fnUntraced(function* (device: ListedDevice) {
    return yield* readDevice(device, { names: yield* names, uuid: yield* uuid })
  })
  const describe = Effect.fnUntraced(function* (name: string) {
    const found = yield* read(yield* lookup(name))
    return found ?? (yield* new NodeDeviceNotFound({ name }))
  })
  /** A word that is no kind is true of some devices of a kind, which have to be read for it. */
  const has = (device: ListedDevice, words: readonly string[]) => {
    if (words.includes(device.kind)) return Effect.succeed(true)
    if (!words.some((word) => kindOfWord[word] === device.kind)) return Effect.succeed(false)
    return Effect.map(read(device), (found) => {
      const own = found === undefined ? [] : capabilityWords(found.capability)
      return own.some((word) => words.includes(word))
    })
  }
  const listWith = (words: readonly string[]) =>
    Effect.flatMap(list, (devices) => Effect.filter(devices, (device) => has(device, words)))
  const lookupScsiHost = Effect.fnUntraced(function* ({ wwnn, wwpn }: WorldWideNames) {
    for (const device of yield* list) {
      if (device.kind !== "scsi_host") continue
      const names = (yield* readScsiHost(device.path))?.fibreChannel
      const isIt = names?.wwnn === wwnn.toLowerCase() && names.wwpn === wwpn.toLowerCase()
      if (isIt) return device
    }
    return yield* new NodeDeviceNotFound({ name: `${wwnn},${wwpn}` })
  })
  return { list, lookup, describe, listWith, lookupScsiHost }
}

/** The devices of the host an engine runs on. Watching ends with the scope. */
export const makeNodeDevices = Effect.fnUntraced(function* (ground: Ground) {
  const services = Context.pick(Files)(yield* Effect.context<Files>())
  const here = <A, E>(effect: Effect.Effect<A, E, Files>): Effect.Effect<A, E> =>
    Effect.provideContext(effect, services)
  const reads = makeReads(ground)
  const devices: NodeDevices = {
    list: here(reads.list),
    listWith: (words) => here(reads.listWith(words)),
    lookup: (name) => here(reads.lookup(name)),
    lookupScsiHost: (names) => here(reads.lookupScsiHost(names)),
    describe: (name) => here(reads.describe(name)),
    xml: (name) => here(Effect.map(reads.describe(name), nodeDeviceXml)),
    words: (name) =>
      here(Effect.map(reads.describe(name), ({ capability }) => capabilityWords(capability))),
    subscribe: yield* deviceWatch,
    pci: here(readPciInventory),
    usb: here(readAllUsb)
  }
  return devices
})
