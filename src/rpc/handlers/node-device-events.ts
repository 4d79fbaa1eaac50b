/** Events of devices of the host: which client hears of which device. */
import * as Effect from "effect/Effect"
import type { NodeDeviceEvent } from "../../model/node-device.ts"
import { RpcRefusal } from "../refusal.ts"
import type { Callback, Handler } from "../server/handler.ts"
import { stopListening } from "./absent.ts"

/** virNodeDeviceEventID, each with the events of ours that it tells. */
const kinds: readonly (readonly NodeDeviceEvent["type"][])[] = [["created", "deleted"], ["updated"]]

/** virNodeDeviceEventLifecycleType */
const lifecycle = { created: 0, deleted: 1 } as const

const tell = ({ id, emit }: Callback, { type, name }: NodeDeviceEvent): void => {
  const message = { callbackID: id, dev: { name } }
  if (type === "updated") emit("remote", "NODE_DEVICE_EVENT_UPDATE", message)
  else
    emit("remote", "NODE_DEVICE_EVENT_LIFECYCLE", { ...message, event: lifecycle[type], detail: 0 })
}

const register: Handler<"remote", "CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY"> = (
  { eventID, dev },
  { engine, callbacks }
) => {
  const types = kinds[eventID]
  if (types === undefined)
    return Effect.fail(
      new RpcRefusal({ code: "INVALID_ARG", text: `unsupported nodeDevice event ${eventID}` })
    )
  return Effect.map(
    callbacks.add("nodeDevice", (callback) =>
      engine.node.devices.subscribe((event) => {
        if (types.includes(event.type) && (dev === null || dev.name === event.name))
          tell(callback, event)
      })
    ),
    (callbackID) => ({ callbackID })
  )
}

export const nodeDeviceEvents = {
  CONNECT_NODE_DEVICE_EVENT_REGISTER_ANY: register,
  CONNECT_NODE_DEVICE_EVENT_DEREGISTER_ANY: stopListening("nodeDevice")
} as const
