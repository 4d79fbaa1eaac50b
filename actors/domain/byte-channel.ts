/**
 * The type of an open console or channel of a guest, as a stream server uses it: bytes both ways,
 * with back-pressure both ways.
 */

/** Why it ended, when the one who has it did not close it. */
export type ChannelEnd =
  | "guest ended"
  /** Another opened it by force. */
  | "taken over"
  | { readonly failed: string }

export interface ByteChannel {
  /** The device's alias: `serial0`, `channel0`. */
  readonly device: string
  /**
   * Takes all of the bytes and says whether it will take more: `false` asks the writer to wait for
   * `onDrain`. Who writes on past `unwrittenBytesMax` loses the channel. Nothing happens after the
   * end.
   */
  readonly write: (bytes: Uint8Array) => boolean
  /** Bytes that the guest has not taken. */
  readonly pendingBytes: () => number
  /** From the first `onData` on bytes come; nothing is read before, and nothing while paused. */
  readonly onData: (listener: (bytes: Uint8Array) => void) => void
  readonly onDrain: (listener: () => void) => void
  /** Once, after the last byte; at once when it has ended already. Not after `close`. */
  readonly onEnd: (listener: (why: ChannelEnd) => void) => void
  readonly pause: () => void
  readonly resume: () => void
  /** Frees the device. Idempotent. */
  readonly close: () => void
}

export interface ConsoleOptions {
  /** Alias, or a channel's port name; by default the first one. */
  readonly device?: string | undefined
  /** Who has it is disconnected (VIR_DOMAIN_CONSOLE_FORCE, VIR_DOMAIN_CHANNEL_FORCE). */
  readonly force?: boolean
  /** Only if no other program of the host has it either (VIR_DOMAIN_CONSOLE_SAFE). */
  readonly safe?: boolean
}
