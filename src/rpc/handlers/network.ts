/** Virtual networks: the engine keeps none, so lists are empty and look-ups find nothing. */
import type { Handlers } from "../server/handler.ts"
import { type Absent, listenInVain, noNumber, notThere, stopListening } from "./absent.ts"
import { knowing, upTo } from "./flags.ts"
import { uuidText } from "./domain-reference.ts"

/** REMOTE_NETWORK_LIST_MAX, REMOTE_NETWORK_DHCP_LEASES_MAX's callers never come that far. */
const networksMax = 16_384

/** VIR_CONNECT_LIST_NETWORKS_FILTERS_ALL: active, persistent and autostart, each yes or no. */
const listFlags = 0x3f

const networks: Absent = { code: "NO_NETWORK", domain: "NETWORK", noun: "network" }

type Named = { readonly net: { readonly name: string } }

const missing = ({ net: { name } }: Named) => notThere(networks, "name", name)

type Owned = { readonly network: { readonly name: string } }

const ownerMissing = ({ network: { name } }: Owned) => notThere(networks, "name", name)

type Port = { readonly port: { readonly net: { readonly name: string } } }

const portMissing = ({ port }: Port) => missing(port)

const listNone = upTo(networksMax, () => ({ names: [] }))

export const network: Handlers = {
  remote: {
    CONNECT_NUM_OF_NETWORKS: noNumber,
    CONNECT_LIST_NETWORKS: listNone,
    CONNECT_NUM_OF_DEFINED_NETWORKS: noNumber,
    CONNECT_LIST_DEFINED_NETWORKS: listNone,
    CONNECT_LIST_ALL_NETWORKS: knowing("virConnectListAllNetworks", listFlags, () => ({
      nets: [],
      ret: 0
    })),
    NETWORK_LOOKUP_BY_NAME: ({ name }) => notThere(networks, "name", name),
    NETWORK_LOOKUP_BY_UUID: ({ uuid }) => notThere(networks, "uuid", uuidText(uuid)),
    NETWORK_CREATE: missing,
    NETWORK_DESTROY: missing,
    NETWORK_GET_XML_DESC: missing,
    NETWORK_GET_AUTOSTART: missing,
    NETWORK_SET_AUTOSTART: missing,
    NETWORK_GET_BRIDGE_NAME: missing,
    NETWORK_GET_DHCP_LEASES: missing,
    NETWORK_UNDEFINE: missing,
    NETWORK_UPDATE: missing,
    NETWORK_IS_ACTIVE: missing,
    NETWORK_IS_PERSISTENT: missing,
    NETWORK_LIST_ALL_PORTS: ownerMissing,
    NETWORK_PORT_LOOKUP_BY_UUID: ownerMissing,
    NETWORK_PORT_CREATE_XML: ownerMissing,
    NETWORK_PORT_GET_PARAMETERS: portMissing,
    NETWORK_PORT_SET_PARAMETERS: portMissing,
    NETWORK_PORT_GET_XML_DESC: portMissing,
    NETWORK_PORT_DELETE: portMissing,
    CONNECT_NETWORK_EVENT_REGISTER_ANY: ({ eventID }, { callbacks }) =>
      listenInVain(callbacks, "network", { eventID, last: 0 }),
    CONNECT_NETWORK_EVENT_DEREGISTER_ANY: stopListening("network")
  }
}
