/**
 * Devices of the host as objects of their own: the engine lists none. What it knows of host devices
 * is asked for by domains, by address.
 */
import type { Handlers } from "../server/handler.ts"
import { type Absent, listenInVain, noNumber, notThere, stopListening } from "./absent.ts"
import { knowing, upTo } from "./flags.ts"

/** REMOTE_NODE_DEVICE_NAME_LIST_MAX */
const devicesMax = 65_536

/** VIR_CONNECT_LIST_NODE_DEVICES_*: 22 kinds of devices, inactive and active. */
const listFlags = 0xc03fffff

/** Lifecycle and update. */
const lastEvent = 1

const devices: Absent = { code: "NO_NODE_DEVICE", domain: "NODEDEV", noun: "node device" }

const missing = ({ name }: { readonly name: string }) => notThere(devices, "name", name)

export const nodeDevice: Handlers = {
  remote: {
    NODE_NUM_OF_DEVICES: knowing("virNodeNumOfDevices", 0, noNumber),
    NODE_LIST_DEVICES: knowing(
      "virNodeListDevices",
      0,
      upTo(devicesMax, () => ({ names: [] }))
    ),
    CONNECT_LIST_ALL_NODE_DEVICES: knowing("virConnectListAllNodeDevices", listFlags, () => ({
      devices: [],
      ret: 0
    })),
    NODE_DEVICE_LOOKUP_BY_NAME: missing,
    NODE_DEVICE_LOOKUP_SCSI_HOST_BY_WWN: ({ wwnn, wwpn }) =>
      notThere(devices, "WWNN,WWPN", `${wwnn},${wwpn}`),
    NODE_DEVICE_GET_XML_DESC: missing,
    NODE_DEVICE_GET_PARENT: missing,
    NODE_DEVICE_NUM_OF_CAPS: missing,
    NODE_DEVICE_LIST_CAPS: missing,
    NODE_DEVICE_DETTACH: missing,
    NODE_DEVICE_DETACH_FLAGS: missing,
    NODE_DEVICE_RE_ATTACH: missing,
    NODE_DEVICE_RESET: missing,
    NODE_DEVICE_DESTROY: missing,
    NODE_DEVICE_UNDEFINE: missing,
    NODE_DEVICE_CREATE: missing,
    NODE_DEVICE_GET_AUTOSTART: missing,
    NODE_DEVICE_SET_AUTOSTART: missing,
    NODE_DEVICE_IS_PERSISTENT: missing,
    NODE_DEVICE_IS_ACTIVE: missing,
    CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY: ({ eventID }, { callbacks }) =>
      listenInVain(callbacks, "nodeDevice", { eventID, last: lastEvent }),
    CONNECT_NODE_DEVICE_EVENT_DEREGISTER_ANY: stopListening("nodeDevice")
  }
}
