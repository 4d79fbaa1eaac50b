/**
 * `<devices>`: which description reads which element, and what is known of the kinds that are
 * kept.
 */
import * as Result from "effect/Result"
import type { Device, DeviceKind } from "../model/device.ts"
import { groupDevices, orderDevices } from "../model/device-order.ts"
import type { KeptDevice } from "../model/device/small.ts"
import type { Consequence, KeptElement } from "../model/kept.ts"
import { address } from "./address.ts"
import {
  all,
  child,
  fields,
  type Part,
  type Read,
  readWhole,
  type Sure,
  writeWhole
} from "./describe.ts"
import { audio } from "./device/audio.ts"
import { channel, consoleDevice, parallel, serial } from "./device/character.ts"
import { deviceInfo } from "./device/info.ts"
import { controller } from "./device/controller.ts"
import { disk } from "./device/disk.ts"
import { filesystem } from "./device/filesystem.ts"
import { graphics } from "./device/graphics.ts"
import { hostdev } from "./device/hostdev.ts"
import { interfaceDevice } from "./device/interface.ts"
import {
  hub,
  input,
  iommu,
  memballoon,
  panic,
  redirdev,
  rng,
  sound,
  video,
  watchdog
} from "./device/small.ts"
import { type Element, parseElement } from "./element.ts"
import type { XmlError } from "./error.ts"
import { keepElement, keyOf } from "./kept.ts"
import { devicesMax } from "./limits.ts"
import { type DocumentKind, Reading } from "./reading.ts"
import type { Writing } from "./writing.ts"

type Described = Exclude<DeviceKind, "kept">
type DescribedDevice = Exclude<Device, KeptDevice>

/** How each kind is described. The kind is the element's name. */
const descriptions: {
  readonly [K in Described]: Sure<Extract<Device, { readonly kind: K }>>
} = {
  disk,
  controller,
  interface: interfaceDevice,
  serial,
  parallel,
  console: consoleDevice,
  channel,
  input,
  graphics,
  sound,
  audio,
  video,
  hostdev,
  hub,
  watchdog,
  memballoon,
  rng,
  panic,
  filesystem,
  redirdev,
  iommu
}

const isDescribed = (name: string): name is Described => Object.hasOwn(descriptions, name)

/** Kinds that libvirt knows and that are kept, with what is lost. */
const keptKinds: ReadonlyMap<string, Consequence> = new Map([
  ["lease", "security"],
  ["smartcard", "guest"],
  ["tpm", "guest"],
  ["redirfilter", "security"],
  ["nvram", "guest"],
  ["shmem", "guest"],
  ["memory", "guest"],
  ["crypto", "guest"],
  ["vsock", "guest"],
  ["pstore", "guest"]
])

/** What a kept device says of its place and name, so that others leave it room. */
const place = fields<Pick<KeptDevice, "alias" | "address">>({
  alias: deviceInfo.alias,
  address: child("address", address)
})

function readKept(element: Element, from: Reading): Read<Device> {
  const consequence = keptKinds.get(keyOf(element))
  const isKnown = consequence !== undefined
  from.report(element, isKnown, consequence ?? "none")
  // Reports of what stands inside would repeat this one.
  const silent = new Reading(element, `${from.path}/${element.name}`, {
    ...from.context,
    reports: []
  })
  const common = {
    kind: "kept" as const,
    name: element.name,
    isKnown,
    consequence: consequence ?? ("none" as const),
    element: keepElement(element)
  }
  return Result.map(place.read(silent), (found) => {
    const hasNoAlias = found.alias === undefined
    const kept = hasNoAlias ? without(common.element, "alias") : common.element
    return { ...common, ...found, element: kept }
  })
}

/** The element without its children of that name. */
function without(element: KeptElement, name: string): KeptElement {
  const isOther = (child: KeptElement | string) => typeof child === "string" || child.name !== name
  return { ...element, children: element.children.filter(isOther) }
}

function readDevice(element: Element, from: Reading): Read<Device> {
  const key = keyOf(element)
  if (!isDescribed(key)) return readKept(element, from)
  return readWhole(descriptions[key] as Sure<DescribedDevice>, from.below(element))
}

function writeDevice(device: Device, to: Writing): void {
  if (device.kind === "kept") to.child(device.element)
  else {
    const description = descriptions[device.kind] as Part<DescribedDevice>
    to.child(writeWhole(description, device, { name: device.kind, context: to.context }))
  }
}

/**
 * One device by itself, as it would stand in a definition. What nobody has heard of is refused:
 * whoever asks for one device asks for it to be there.
 */
export const parseDevice = (
  text: string,
  { kind = "inactive" }: { readonly kind?: DocumentKind } = {}
): Result.Result<Device, XmlError> =>
  Result.flatMap(parseElement(text), (element) => {
    const from = new Reading(element, "/device", { kind, purpose: "define", reports: [] })
    const refuse = (reason: string) => Result.fail(from.refuse("invalid", reason))
    if (element.uri !== "") return refuse(`<${element.name}> is no device`)
    return Result.flatMap(readDevice(element, from), (device) =>
      device.kind === "kept" && !device.isKnown
        ? refuse(`<${element.name}> is no device`)
        : Result.succeed(device)
    )
  })

/** All children of `<devices>` but the emulator, in libvirt's order. */
export const devices: Sure<readonly Device[]> = {
  read: (from) => {
    const elements = from.takeAll()
    if (elements.length > devicesMax) {
      const reason = `there are ${elements.length} devices, more than ${devicesMax}`
      return Result.fail(from.refuse("tooLarge", reason))
    }
    return Result.map(all(elements.map((element) => readDevice(element, from))), orderDevices)
  },
  write: (list, to) => {
    for (const device of groupDevices(list)) writeDevice(device, to)
  }
}
