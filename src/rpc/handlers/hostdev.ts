/**
 * Devices that can be given to guests, by our own program: who has each and why one cannot be
 * given, for which libvirt has no procedure; and taking one that the host uses.
 */
import * as Effect from "effect/Effect"
import type { HostDevice } from "../../engine/hostdevs.ts"
import type { troupe_host_device } from "../protocol/troupe-types.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import { knowing } from "./flags.ts"
import { ofName } from "./node-device-reference.ts"

/** TROUPE_HOST_DEVICES_MAX */
const devicesMax = 65_536

const onWire = (one: HostDevice): troupe_host_device => ({
  kind: one.kind,
  device: one.device,
  name: one.name ?? null,
  product: one.product ?? null,
  state: one.state,
  driver: one.driver ?? null,
  iommuGroup: one.iommuGroup ?? -1,
  holder: one.holder?.name ?? null,
  holderUuid: one.holder?.uuid ?? null,
  whyNot: one.whyNot ?? null
})

const list: Handler<"troupe", "HOST_DEVICES_LIST"> = (_, { engine }) =>
  Effect.map(engine.hostdevs.list, (found) => ({
    devices: found.slice(0, devicesMax).map(onWire)
  }))

/** Flags of HOST_DEVICE_DETACH. */
const forced = 1

const detach: Handler<"troupe", "HOST_DEVICE_DETACH"> = ({ name, flags }, { engine }) =>
  ofName(name, engine.node.devices.detach(name, { isForced: (flags & forced) !== 0 }))

export const hostdev: Handlers = {
  troupe: {
    HOST_DEVICES_LIST: knowing("troupeHostDevicesList", 0, list),
    HOST_DEVICE_DETACH: knowing("troupeHostDeviceDetach", forced, detach)
  }
}
