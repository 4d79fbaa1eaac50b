/** `-vnc`: where it listens, how it is protected, what it shares. */
import { devicesOf } from "../../model/device.ts"
import type { VncGraphics } from "../../model/device/graphics.ts"
import { hasOption } from "../capabilities.ts"
import { type Arg, escapeCommas, keyValues, type KeyValue, object } from "./arg.ts"
import type { ArgvContext, DeviceArgs } from "./context.ts"
import { keymapArgs, listenOf, positionOf } from "./display.ts"

const firstPort = 5900

const bracketed = (address: string): string => (address.includes(":") ? `[${address}]` : address)

/**
 * The first word is taken for a key when it has an equals sign, so that a path is given its key.
 */
const where = (vnc: VncGraphics, context: ArgvContext): string => {
  const { config, resources } = context
  const listen = listenOf(vnc)
  if (listen.type === "none") return "none"
  const usesSocket = listen.type === "address" && listen.address === undefined
  if (listen.type === "socket" || (usesSocket && config.vncAutoUnixSocket)) {
    const given = listen.type === "socket" ? listen.socket : undefined
    return `vnc=unix:${escapeCommas(given ?? `${resources.stateDirectory}/vnc.sock`)}`
  }
  const own = resources.graphics?.[positionOf(vnc, context)]
  const port = own?.port ?? vnc.port ?? firstPort
  const address = "address" in listen ? listen.address : undefined
  return `${escapeCommas(bracketed(address ?? config.vncListen))}:${port - firstPort}`
}

const audioOf = (vnc: VncGraphics, { domain }: ArgvContext): string | undefined => {
  const id = vnc.audioId ?? devicesOf(domain, "audio")[0]?.id
  return id === undefined ? undefined : `audio${id}`
}

const tlsId = "vnc-tls-creds0"

export const vncArgs: DeviceArgs<VncGraphics> = (vnc, context): readonly Arg[] => {
  const { config, resources, capabilities } = context
  const own = resources.graphics?.[positionOf(vnc, context)]
  const hasAudio = hasOption(capabilities, "vnc", "audiodev")
  const pairs: readonly KeyValue[] = [
    ["websocket", own?.websocket ?? vnc.websocket],
    ["share", vnc.sharePolicy],
    ["password", vnc.password !== undefined || config.hasVncPassword ? true : undefined],
    ["tls-creds", config.vncTls ? tlsId : undefined],
    ["sasl", config.vncSasl ? true : undefined],
    ["power-control", vnc.powerControl],
    ["audiodev", hasAudio ? audioOf(vnc, context) : undefined]
  ]
  const settings = keyValues(undefined, pairs)
  const at = where(vnc, context)
  return [
    ...(config.vncTls ? [credentials(context)] : []),
    ["-vnc", settings === "" ? at : `${at},${settings}`],
    ...keymapArgs(vnc.keymap)
  ]
}

const credentials = ({ config }: ArgvContext): Arg =>
  object({
    "qom-type": "tls-creds-x509",
    id: tlsId,
    dir: config.vncTlsX509CertDir,
    endpoint: "server",
    "verify-peer": config.vncTlsX509Verify
  })
