/**
 * The bytes of one client: what a session needs of a socket, and no more, so that sessions run on
 * UNIX sockets, TLS and the simulated world alike.
 */
import type { Connection, ConnectionListener } from "../../host/socket.ts"

/**
 * Bytes that may wait in a transport before it owes an `onDrain`: Node's own mark for a socket.
 */
export const roomBytes = 64 * 1024

export interface Transport extends Connection {
  /** Bytes that were read and are kept because of `pause`; at most two times `roomBytes`. */
  readonly readBytes?: () => number
  /** Sends what is queued and closes then. `onEnd` is called when that is done. */
  readonly end: () => void
}

export interface TransportListener extends ConnectionListener {
  /** After more than `roomBytes` were waiting: `pendingBytes` is zero again. */
  readonly onDrain: () => void
}

/** What is known of a client before it says a word. */
export interface Peer {
  /** It came by the socket that is only for reading. */
  readonly isReadOnly: boolean
  readonly isSecure: boolean
  readonly identity: string | undefined
}
