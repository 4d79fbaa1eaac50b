/** The bounds of what clients may cost, each with its unit and its reason. */

/** Calls of one client that are worked on at once; libvirtd's max_client_requests. */
export const callsInFlightMax = 5

/** Clients at once; libvirtd's max_clients. */
export const clientsMax = 5_000

/** Clients that have not opened their connection yet; libvirtd's max_anonymous_clients. */
export const anonymousClientsMax = 20

/** A client has this long to open its connection, from the moment it is accepted. */
export const openDeadlineMs = 30_000

/** While others wait for its place, an anonymous client that says nothing has this long. */
export const silentAnonymousMs = 2_000

/** Until a client has opened its connection it says a few words only: 256 bytes are a long URI. */
export const anonymousFrameBytesMax = 64 * 1024

/** Pings go out after so much silence, and so many of them may stay unanswered; as libvirtd. */
export const keepaliveIntervalMs = 5_000
export const keepaliveCountMax = 5

/** How often the silence of all clients is looked at. */
export const tickMs = 1_000

/** Packets of one client taken up in one turn: some milliseconds, and then others are heard. */
export const packetsPerTurn = 256

/** Answers that a client has not taken yet; past it, no more of its calls are read. */
export const unreadReplyBytesMax = 1024 * 1024

/** Events that a client has not taken yet; past it the client is dropped: nobody waits for it. */
export const unreadEventBytesMax = 4 * 1024 * 1024

/** Bytes of one stream that its work has not read yet; past it the client is not read from. */
export const unreadStreamBytesMax = 1024 * 1024

/** The data of one packet of a stream: VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX, which all peers take. */
export const streamPacketBytesMax = 262_120

/** Streams that one client may have open: a console of many guests each. */
export const streamsMax = 256

/** Sources of events that one client may have: each event id, for some hundreds of guests. */
export const callbacksMax = 8_192

/** What a packet that waits costs beside its payload: two objects, and its header. */
export const packetBytes = 256

/**
 * What all clients together may keep from being let go: frames in part, packets that wait, answers,
 * events and streams that are not taken. Beyond it those that hold most are dropped.
 */
export const heldBytesMax = 512 * 1024 * 1024

/** Calls under way get this long to end when the daemon ends in order. */
export const drainMs = 10_000

if (anonymousClientsMax > clientsMax) throw new Error("an anonymous client is a client")
if (streamPacketBytesMax > unreadStreamBytesMax) throw new Error("a stream holds a whole packet")
if (tickMs > keepaliveIntervalMs) throw new Error("silence is looked at within each interval")
