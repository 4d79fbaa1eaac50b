/**
 * Devices of the host: lists by what they can do, look-ups, what each is. None is persistent: each
 * is what the kernel says at that moment.
 */
import * as Effect from "effect/Effect"
import type { ListedDevice } from "../../model/node-device.ts"
import type { remote_nonnull_node_device } from "../protocol/types.ts"
import { RpcRefusal } from "../refusal.ts"
import type { Client, Handler, Handlers, Work } from "../server/handler.ts"
import { knowing, upTo } from "./flags.ts"
import { nodeDeviceEvents } from "./node-device-events.ts"
import { ofName, orMissing } from "./node-device-reference.ts"
import { nodeDeviceTaking } from "./node-device-take.ts"

/** REMOTE_NODE_DEVICE_NAME_LIST_MAX and REMOTE_NODE_DEVICE_LIST_MAX */
const devicesMax = 65_536
/** REMOTE_NODE_DEVICE_CAPS_LIST_MAX */
const wordsMax = 65_536

/** virNodeDevCapType, in the order of VIR_CONNECT_LIST_NODE_DEVICES_CAP_*: one bit each. */
const wordsByBit = [
  "system",
  "pci",
  "usb_device",
  "usb",
  "net",
  "scsi_host",
  "scsi_target",
  "scsi",
  "storage",
  "fc_host",
  "vports",
  "scsi_generic",
  "drm",
  "mdev_types",
  "mdev",
  "ccw",
  "css",
  "vdpa",
  "ap_card",
  "ap_queue",
  "ap_matrix",
  "vpd"
] as const

/** VIR_CONNECT_LIST_NODE_DEVICES_INACTIVE and _ACTIVE */
const inactive = 1 << 30
const active = 1 << 31
const listFlags = (((1 << wordsByBit.length) - 1) | inactive | active) >>> 0

/** Answers from the device that the call names. */
const onDevice =
  <R>(reply: (device: ListedDevice) => R) =>
  ({ name }: { readonly name: string }, { engine }: Client): Work<R> =>
    ofName(name, Effect.map(engine.node.devices.lookup(name), reply))

/** The reference says no more than the name: a device has no parent to a client until asked. */
const onWire = ({ name }: ListedDevice): remote_nonnull_node_device => ({ name })

const listed = ({ engine }: Client, cap: string | null) =>
  cap === null ? engine.node.devices.list : engine.node.devices.listWith([cap])

/** Without a filter all; no device is inactive, so a list of those only is empty. */
const filtered = ({ engine }: Client, flags: number) => {
  const isInactiveOnly = (flags & inactive) !== 0 && (flags & active) === 0
  if (isInactiveOnly) return Effect.succeed<readonly ListedDevice[]>([])
  const words = wordsByBit.filter((_, bit) => (flags & (1 << bit)) !== 0)
  return words.length === 0 ? engine.node.devices.list : engine.node.devices.listWith(words)
}

const listAll: Handler<"remote", "CONNECT_LIST_ALL_NODE_DEVICES"> = (
  { need_results: wanted, flags },
  client
) =>
  Effect.map(filtered(client, flags), (found) => ({
    devices: wanted === 0 ? [] : found.slice(0, devicesMax).map(onWire),
    ret: Math.min(found.length, devicesMax)
  }))

const listNames: Handler<"remote", "NODE_LIST_DEVICES"> = ({ cap, maxnames }, client) =>
  Effect.map(listed(client, cap), (found) => ({
    names: found.slice(0, maxnames).map(({ name }) => name)
  }))

const lookupScsiHost: Handler<"remote", "NODE_DEVICE_LOOKUP_SCSI_HOST_BY_WWN"> = (
  { wwnn, wwpn },
  { engine }
) => {
  const found = engine.node.devices.lookupScsiHost({ wwnn, wwpn })
  return Effect.map(orMissing("WWNN,WWPN", `${wwnn},${wwpn}`, found), (device) => ({
    dev: onWire(device)
  }))
}

const words = (name: string, { engine }: Client) => ofName(name, engine.node.devices.words(name))

const listWords: Handler<"remote", "NODE_DEVICE_LIST_CAPS"> = ({ name, maxnames }, client) =>
  Effect.map(words(name, client), (found) => ({ names: found.slice(0, maxnames) }))

const xml: Handler<"remote", "NODE_DEVICE_GET_XML_DESC"> = ({ name }, { engine }) =>
  Effect.map(ofName(name, engine.node.devices.xml(name)), (text) => ({ xml: text }))

/** Only definitions start by themselves, and there are none. */
const setAutostart: Handler<"remote", "NODE_DEVICE_SET_AUTOSTART"> = ({ name }, client) =>
  Effect.flatMap(onDevice(() => undefined)({ name }, client), () =>
    Effect.fail(
      new RpcRefusal({
        code: "OPERATION_INVALID",
        domain: "NODEDEV",
        text: "cannot set autostart for transient device"
      })
    )
  )

export const nodeDevice: Handlers = {
  remote: {
    NODE_NUM_OF_DEVICES: knowing("virNodeNumOfDevices", 0, ({ cap }, client) =>
      Effect.map(listed(client, cap), (found) => ({ num: found.length }))
    ),
    NODE_LIST_DEVICES: knowing("virNodeListDevices", 0, upTo(devicesMax, listNames)),
    CONNECT_LIST_ALL_NODE_DEVICES: knowing("virConnectListAllNodeDevices", listFlags, listAll),
    NODE_DEVICE_LOOKUP_BY_NAME: onDevice((device) => ({ dev: onWire(device) })),
    NODE_DEVICE_LOOKUP_SCSI_HOST_BY_WWN: knowing(
      "virNodeDeviceLookupSCSIHostByWWN",
      0,
      lookupScsiHost
    ),
    NODE_DEVICE_GET_XML_DESC: knowing("virNodeDeviceGetXMLDesc", 0, xml),
    NODE_DEVICE_GET_PARENT: onDevice(({ parent }) => ({ parentName: parent ?? null })),
    NODE_DEVICE_NUM_OF_CAPS: ({ name }, client) =>
      Effect.map(words(name, client), (found) => ({ num: found.length })),
    NODE_DEVICE_LIST_CAPS: upTo(wordsMax, listWords),
    NODE_DEVICE_IS_ACTIVE: onDevice(() => ({ active: 1 })),
    NODE_DEVICE_IS_PERSISTENT: onDevice(() => ({ persistent: 0 })),
    NODE_DEVICE_GET_AUTOSTART: onDevice(() => ({ autostart: 0 })),
    NODE_DEVICE_SET_AUTOSTART: setAutostart,
    ...nodeDeviceEvents,
    ...nodeDeviceTaking
  }
}
