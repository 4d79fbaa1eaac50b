/** The bounds of the protocol itself, from libvirt's `virnetprotocol.x`. Sizes are in bytes. */

/** The length word and the header: what every packet has at least. */
export const headerBytes = 28

/** libvirt's VIR_NET_MESSAGE_MAX does not count the four bytes of the length. */
export const packetBytesMax = 4 + 32 * 1024 * 1024

export const payloadBytesMax = packetBytesMax - headerBytes

/** What every peer takes as one packet of a stream; older ones take no more of any kind. */
export const streamDataBytesMax = 262_120

/** Descriptors that one packet may pass. */
export const descriptorsMax = 32
