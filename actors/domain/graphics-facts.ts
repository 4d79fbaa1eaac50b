/** What QEMU says of a display's clients, in libvirt's words. Pure. */
import type { GraphicsEndpoint, GraphicsEvent } from "../../src/model/event.ts"
import type { QmpEvent } from "../../src/qmp/event.ts"
import type { JsonObject } from "../../src/qmp/json.ts"

type DisplayTag =
  | "VncConnected"
  | "VncInitialized"
  | "VncDisconnected"
  | "SpiceConnected"
  | "SpiceInitialized"
  | "SpiceDisconnected"

export type DisplayEvent = Extract<QmpEvent, { readonly _tag: DisplayTag }>

const phases: { readonly [T in DisplayTag]: GraphicsEvent["phase"] } = {
  VncConnected: "connect",
  VncInitialized: "initialize",
  VncDisconnected: "disconnect",
  SpiceConnected: "connect",
  SpiceInitialized: "initialize",
  SpiceDisconnected: "disconnect"
}

const textIn = (object: JsonObject, name: string): string => {
  const value = object[name]
  return typeof value === "string" ? value : ""
}

/** VNC says `service`, SPICE says `port`. */
const endpointOf = (words: JsonObject): GraphicsEndpoint => {
  const family = textIn(words, "family")
  return {
    family: family === "ipv4" || family === "ipv6" ? family : "unix",
    node: textIn(words, "host"),
    service: textIn(words, "service") || textIn(words, "port")
  }
}

const identitiesOf = (client: JsonObject): GraphicsEvent["identities"] =>
  (
    [
      ["x509dname", "x509_dname"],
      ["saslUsername", "sasl_username"]
    ] as const
  ).flatMap(([type, inQemu]) => {
    const name = textIn(client, inQemu)
    return name === "" ? [] : [{ type, name }]
  })

export const graphicsOf = ({ _tag, server, client }: DisplayEvent): GraphicsEvent => ({
  type: "graphics",
  phase: phases[_tag],
  local: endpointOf(server),
  remote: endpointOf(client),
  authScheme: textIn(server, "auth"),
  identities: identitiesOf(client)
})
