/** The files in /dev through which QEMU gets at a device of the host. Reads only. */
import * as Effect from "effect/Effect"
import { mdevAt } from "../host/device-other.ts"
import { readTarget } from "../host/device-record.ts"
import type { Files } from "../host/files.ts"
import { numberIn } from "../host/node-files.ts"
import { pciDevicesAt } from "../host/pci.ts"
import { pciText } from "../model/address.ts"
import { type Device, devicesOf } from "../model/device.ts"
import type { Domain } from "../model/domain.ts"
import { isPassed, type Passed } from "./hostdev.ts"
import { genericNode, scsiName } from "./hostdev-scsi.ts"

/** VFIO's node of the group comes and goes with the binding of its functions. */
const groupNode = (at: string) =>
  Effect.map(readTarget(at, "iommu_group"), (name) => {
    const group = numberIn(name)
    return group === undefined ? undefined : `/dev/vfio/${group}`
  })

const digits = (value: number): string => String(value).padStart(3, "0")

const ofPassed = (device: Passed): Effect.Effect<string | undefined, never, Files> => {
  const source = device.kind === "hostdev" ? device.source : device.connection.source
  switch (source?.type) {
    case "pci": {
      // A host device has its address inside; a card's source is one.
      const address = "address" in source ? source.address : source
      return groupNode(`${pciDevicesAt}/${pciText(address)}`)
    }
    case "mdev":
      return groupNode(`${mdevAt}/${source.uuid}`)
    case "scsi": {
      const name = scsiName(source)
      return name === undefined ? Effect.succeed(undefined) : genericNode(name)
    }
    case "usb": {
      if (!("device" in source)) return Effect.succeed(undefined)
      const { bus = 0, device: number = 0 } = source
      return Effect.succeed(
        bus * number === 0 ? undefined : `/dev/bus/usb/${digits(bus)}/${digits(number)}`
      )
    }
    default:
      return Effect.succeed(undefined)
  }
}

/** Of one that was found (hostdev.ts); undefined for what is none, or has gone. */
export const nodeOf = (device: Device): Effect.Effect<string | undefined, never, Files> =>
  isPassed(device) ? ofPassed(device) : Effect.succeed(undefined)

/** Of all devices that a guest is given, each once. */
export const nodesOf = (domain: Pick<Domain, "devices">) =>
  Effect.map(Effect.forEach(domain.devices, nodeOf), (nodes) => [
    ...new Set(nodes.flatMap((node) => node ?? []))
  ])

/** `/dev/sgN` of each SCSI device, by its alias in QEMU. */
export const genericNodesOf = Effect.fnUntraced(function* (domain: Pick<Domain, "devices">) {
  const nodes: { [alias: string]: string } = {}
  for (const device of devicesOf(domain, "hostdev")) {
    if (device.source.type !== "scsi") continue
    const node = yield* nodeOf(device)
    if (device.alias !== undefined && node !== undefined) nodes[device.alias] = node
  }
  return nodes
})
