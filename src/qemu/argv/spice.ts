/** `-spice`: ports, channels, compression, and what the client may do. */
import type { SpiceGraphics } from "../../model/device/graphics.ts"
import { type Arg, keyValues, type KeyValue } from "./arg.ts"
import type { ArgvContext, DeviceArgs } from "./context.ts"
import { keymapArgs, listenOf, positionOf } from "./display.ts"

const ports = (spice: SpiceGraphics, context: ArgvContext): readonly KeyValue[] => {
  const { config, resources } = context
  const own = resources.graphics?.[positionOf(spice, context)]
  const port = own?.port ?? spice.port
  const tlsPort = config.spiceTls ? (own?.tlsPort ?? spice.tlsPort) : undefined
  return [
    ["port", port !== undefined && port > 0 ? port : undefined],
    ["tls-port", tlsPort !== undefined && tlsPort > 0 ? tlsPort : undefined]
  ]
}

/** The words that say where the server listens; a socket is a flag followed by its path. */
const where = (
  spice: SpiceGraphics,
  context: ArgvContext
): { readonly head: string | undefined; readonly pairs: readonly KeyValue[] } => {
  const { config, resources } = context
  const listen = listenOf(spice)
  if (listen.type === "none") return { head: undefined, pairs: [["port", 0]] }
  const isPlain = listen.type === "address" && listen.address === undefined
  if (listen.type === "socket" || (isPlain && config.spiceAutoUnixSocket)) {
    const given = listen.type === "socket" ? listen.socket : undefined
    return {
      head: "unix",
      pairs: [["addr", given ?? `${resources.stateDirectory}/spice.sock`]]
    }
  }
  const address = "address" in listen ? listen.address : undefined
  const at = ports(spice, context)
  return { head: undefined, pairs: [...at, ["addr", address ?? config.spiceListen]] }
}

/** Whether any port is encrypted, so that certificates are needed. */
const isEncrypted = (spice: SpiceGraphics, context: ArgvContext): boolean =>
  ports(spice, context).some(([key, value]) => key === "tls-port" && value !== undefined)

const channels = (spice: SpiceGraphics): readonly KeyValue[] => {
  const defaults: readonly KeyValue[] =
    spice.defaultMode === "secure"
      ? [["tls-channel", "default"]]
      : spice.defaultMode === "insecure"
        ? [["plaintext-channel", "default"]]
        : []
  const each = spice.channels.flatMap(({ name, mode }): readonly KeyValue[] => {
    if (mode === "any") return []
    return [[mode === "secure" ? "tls-channel" : "plaintext-channel", name]]
  })
  return [...defaults, ...each]
}

const refusedWhenFalse = (value: boolean | undefined): true | undefined =>
  value === false ? true : undefined

const settings = (spice: SpiceGraphics, context: ArgvContext): readonly KeyValue[] => {
  const { config } = context
  const isOpen = spice.password === undefined && !config.hasSpicePassword
  const mouse = spice.mouseMode
  return [
    ["disable-ticketing", isOpen ? true : undefined],
    ["sasl", config.spiceSasl ? true : undefined],
    ["x509-dir", isEncrypted(spice, context) ? config.spiceTlsX509CertDir : undefined],
    ...channels(spice),
    ["image-compression", spice.imageCompression],
    ["jpeg-wan-compression", spice.jpegCompression],
    ["zlib-glz-wan-compression", spice.zlibCompression],
    ["playback-compression", spice.playbackCompression],
    ["streaming-video", spice.streamingMode],
    ["agent-mouse", mouse === undefined ? undefined : mouse === "client"],
    ["disable-copy-paste", refusedWhenFalse(spice.clipboardCopypaste)],
    ["disable-agent-file-xfer", refusedWhenFalse(spice.filetransfer)],
    ["gl", spice.gl?.enable],
    ["rendernode", spice.gl?.rendernode],
    ["seamless-migration", true]
  ]
}

export const spiceArgs: DeviceArgs<SpiceGraphics> = (spice, context): readonly Arg[] => {
  const { head, pairs } = where(spice, context)
  return [
    ["-spice", keyValues(head, [...pairs, ...settings(spice, context)])],
    ...keymapArgs(spice.keymap)
  ]
}
