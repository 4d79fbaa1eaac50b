/** Network cards of the host that libvirt would configure: the engine leaves that to the host. */
import type { Handlers } from "../server/handler.ts"
import { type Absent, noNumber, notThere } from "./absent.ts"
import { knowing, upTo } from "./flags.ts"

/** REMOTE_INTERFACE_LIST_MAX */
const interfacesMax = 16_384

/** VIR_CONNECT_LIST_INTERFACES_INACTIVE and _ACTIVE. */
const listFlags = 0x3

const interfaces: Absent = { code: "NO_INTERFACE", domain: "INTERFACE", noun: "interface" }

type Named = { readonly iface: { readonly name: string } }

const missing = ({ iface: { name } }: Named) => notThere(interfaces, "name", name)

const listNone = upTo(interfacesMax, () => ({ names: [] }))

export const networkInterface: Handlers = {
  remote: {
    CONNECT_NUM_OF_INTERFACES: noNumber,
    CONNECT_LIST_INTERFACES: listNone,
    CONNECT_NUM_OF_DEFINED_INTERFACES: noNumber,
    CONNECT_LIST_DEFINED_INTERFACES: listNone,
    CONNECT_LIST_ALL_INTERFACES: knowing("virConnectListAllInterfaces", listFlags, () => ({
      ifaces: [],
      ret: 0
    })),
    INTERFACE_LOOKUP_BY_NAME: ({ name }) => notThere(interfaces, "name", name),
    INTERFACE_LOOKUP_BY_MAC_STRING: ({ mac }) => notThere(interfaces, "MAC address", mac),
    INTERFACE_GET_XML_DESC: missing,
    INTERFACE_IS_ACTIVE: missing,
    INTERFACE_UNDEFINE: missing,
    INTERFACE_CREATE: missing,
    INTERFACE_DESTROY: missing
  }
}
