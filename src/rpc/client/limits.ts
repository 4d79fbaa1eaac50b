/** What a client holds and how long it waits, each with its unit. Read by this folder only. */

/** Calls that wait for their answers at once; others wait in line. A server takes 5 ahead. */
export const callsInFlightMax = 64

/** Of one stream, before its connection is not read any more. */
export const streamHeldBytesMax = 1024 * 1024

/** Pieces of one stream: small ones cost more than their bytes. */
export const streamHeldChunksMax = 4096

/** Bytes that wait to be sent before a peer that only pings is given up. */
export const unsentBytesMax = 4 * 1024 * 1024

/** The daemon answers at once, or it hangs. */
export const closeWaitMs = 1_000

/** A handshake over a network; on a host it takes a millisecond. */
export const connectWaitMs = 15_000
