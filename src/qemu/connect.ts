/**
 * A QMP client on a monitor's socket: `src/qmp`'s conversation over `src/host`'s sockets, and
 * nothing else.
 */
import * as Effect from "effect/Effect"
import { Sockets } from "../host/socket.ts"
import { type ConnectOptions, converse } from "../qmp/client.ts"

/** Connects and negotiates; closed with the scope. A QEMU that serves another client is silent. */
export const connectMonitor = Effect.fnUntraced(function* (path: string, options?: ConnectOptions) {
  const sockets = yield* Sockets
  return yield* converse((listener) => sockets.connect(path, listener), options)
})
