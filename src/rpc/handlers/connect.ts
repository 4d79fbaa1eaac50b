/**
 * The connection itself: who may come in, what both sides can do, opening and closing, and what the
 * client asks about the other end. The session does what an answer here decides.
 */
import * as Effect from "effect/Effect"
import type { Client, Handler, Handlers } from "../server/handler.ts"
import { RpcRefusal } from "../refusal.ts"

/** remote_auth_type: nobody is asked for more than what the socket has checked. */
const authNone = 0

/** VIR_DRV_FEATURE_* of libvirt_internal.h: what this daemon does, and clients ask about. */
const features = { typedParameterString: 9, keepalive: 10, eventCallback: 14, closeCallback: 15 }
const supported: readonly number[] = Object.values(features)

const supportsFeature: Handler<"remote", "CONNECT_SUPPORTS_FEATURE"> = ({ feature }, client) => {
  if (feature === features.keepalive) client.speaksKeepalive()
  return { supported: supported.includes(feature) ? 1 : 0 }
}

/** VIR_CONNECT_RO and VIR_CONNECT_NO_ALIASES of virConnectFlags. */
const connectFlags = { readOnly: 1, noAliases: 2 }

/** The client has taken away transport, host and options that were for itself. */
const isOurs = (uri: string): boolean => /^qemu:\/\/[^/?]*\/(system|session)(\?.*)?$/.test(uri)

const open: Handler<"remote", "CONNECT_OPEN"> = ({ name, flags }, client) => {
  const refuse = (code: "INVALID_ARG" | "NO_CONNECT" | "OPERATION_INVALID", text: string) =>
    Effect.fail(new RpcRefusal({ code, domain: "RPC", text }))
  if (client.uri !== "") return refuse("OPERATION_INVALID", "the connection is open already")
  if ((flags & ~(connectFlags.readOnly | connectFlags.noAliases)) !== 0)
    return refuse("INVALID_ARG", `unsupported flags (0x${flags.toString(16)}) in virConnectOpen`)
  const uri = name === null || name === "" ? client.defaultUri : name
  if (!isOurs(uri)) return refuse("NO_CONNECT", `no connection driver available for ${uri}`)
  client.opened({ uri, isReadOnly: (flags & connectFlags.readOnly) !== 0 })
}

/** Clients that are to hear when the daemon loses its engine; it never outlives it. */
const listening = new WeakSet<object>()

const registerCloseCallback = (_: undefined, { session }: Client) => {
  if (listening.has(session))
    return Effect.fail(
      new RpcRefusal({ code: "OPERATION_INVALID", text: "a close callback is registered already" })
    )
  listening.add(session)
}

const unregisterCloseCallback = (_: undefined, { session }: Client) => {
  if (!listening.delete(session))
    return Effect.fail(
      new RpcRefusal({ code: "OPERATION_INVALID", text: "no close callback is registered" })
    )
}

const getVersion: Handler<"remote", "CONNECT_GET_VERSION"> = (_, { engine }) =>
  Effect.map(engine.capabilities(), ({ version: { major, minor, micro } }) => ({
    hv_ver: BigInt(1_000_000 * major + 1_000 * minor + micro)
  }))

export const connect: Handlers = {
  remote: {
    AUTH_LIST: () => ({ types: [authNone] }),
    CONNECT_SUPPORTS_FEATURE: supportsFeature,
    CONNECT_OPEN: open,
    CONNECT_CLOSE: (_, client) => client.closeAfterReply(),
    CONNECT_REGISTER_CLOSE_CALLBACK: registerCloseCallback,
    CONNECT_UNREGISTER_CLOSE_CALLBACK: unregisterCloseCallback,
    CONNECT_GET_URI: (_, { uri }) => ({ uri }),
    CONNECT_GET_TYPE: () => ({ type: "QEMU" }),
    CONNECT_GET_VERSION: getVersion,
    CONNECT_GET_LIB_VERSION: (_, { libraryVersion }) => ({ lib_ver: BigInt(libraryVersion) }),
    CONNECT_GET_HOSTNAME: (_, { hostname }) => ({ hostname }),
    CONNECT_IS_SECURE: (_, { isSecure }) => ({ secure: isSecure ? 1 : 0 })
  }
}
