/** Events of storage pools: which client hears of which pool. */
import * as Effect from "effect/Effect"
import type { PoolLifecycle, StorageEvent } from "../../model/storage.ts"
import { RpcRefusal } from "../refusal.ts"
import type { Callback, Handler, Handlers } from "../server/handler.ts"
import { stopListening } from "./absent.ts"
import { poolOnWire } from "./storage-reference.ts"
import { uuidText } from "./domain-reference.ts"

/** virStoragePoolEventID */
const kinds = ["lifecycle", "refresh"] as const satisfies readonly StorageEvent["type"][]

/** virStoragePoolEventLifecycleType */
const lifecycle: { readonly [event in PoolLifecycle]: number } = {
  defined: 0,
  undefined: 1,
  started: 2,
  stopped: 3,
  created: 4,
  deleted: 5
}

const tell = ({ id, emit }: Callback, event: StorageEvent): void => {
  const pool = poolOnWire(event.pool)
  if (event.type === "refresh")
    emit("remote", "STORAGE_POOL_EVENT_REFRESH", { callbackID: id, pool })
  else
    emit("remote", "STORAGE_POOL_EVENT_LIFECYCLE", {
      callbackID: id,
      pool,
      event: lifecycle[event.event],
      detail: 0
    })
}

const register: Handler<"remote", "CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY"> = (
  { eventID, pool },
  { engine, callbacks }
) => {
  const kind = kinds[eventID]
  if (kind === undefined)
    return Effect.fail(
      new RpcRefusal({ code: "INVALID_ARG", text: `unsupported pool event ${eventID}` })
    )
  const only = pool === null ? undefined : uuidText(pool.uuid)
  return Effect.map(
    callbacks.add("pool", (callback) =>
      engine.storage.subscribe((event) => {
        if (event.type === kind && (only === undefined || only === event.pool.uuid))
          tell(callback, event)
      })
    ),
    (callbackID) => ({ callbackID })
  )
}

export const storageEvents: Handlers = {
  remote: {
    CONNECT_STORAGE_POOL_EVENT_REGISTER_ANY: register,
    CONNECT_STORAGE_POOL_EVENT_DEREGISTER_ANY: stopListening("pool")
  }
}
