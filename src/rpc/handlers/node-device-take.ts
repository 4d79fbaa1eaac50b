/** Devices of the host that are taken from their driver, given back to it, and reset. */
import type { Handler } from "../server/handler.ts"
import { refuse } from "./domain-reference.ts"
import { knowing } from "./flags.ts"
import { ofName } from "./node-device-reference.ts"

/** The one driver that gives devices to guests; the others of libvirt's are of the past. */
const vfio = "vfio"

const past: ReadonlyMap<string, string> = new Map([
  ["kvm", "the driver 'kvm' is gone from Linux since 4.12; use 'vfio'"],
  ["xen", "the driver 'xen' is for Xen's guests; use 'vfio'"]
])

const detachFlags: Handler<"remote", "NODE_DEVICE_DETACH_FLAGS"> = (
  { name, driverName },
  { engine }
) => {
  if (driverName === null || driverName === vfio)
    return ofName(name, engine.node.devices.detach(name))
  const gone = past.get(driverName)
  return gone === undefined
    ? refuse("INVALID_ARG", `unknown driver name '${driverName}'; 'vfio' is the one there is`)
    : refuse("CONFIG_UNSUPPORTED", gone)
}

const detach: Handler<"remote", "NODE_DEVICE_DETTACH"> = ({ name }, { engine }) =>
  ofName(name, engine.node.devices.detach(name))

const reattach: Handler<"remote", "NODE_DEVICE_RE_ATTACH"> = ({ name }, { engine }) =>
  ofName(name, engine.node.devices.reattach(name))

const reset: Handler<"remote", "NODE_DEVICE_RESET"> = ({ name }, { engine }) =>
  ofName(name, engine.node.devices.reset(name))

export const nodeDeviceTaking = {
  // libvirt's own spelling of the older call.
  NODE_DEVICE_DETTACH: detach,
  NODE_DEVICE_DETACH_FLAGS: knowing("virNodeDeviceDetachFlags", 0, detachFlags),
  NODE_DEVICE_RE_ATTACH: reattach,
  NODE_DEVICE_RESET: reset
} as const
