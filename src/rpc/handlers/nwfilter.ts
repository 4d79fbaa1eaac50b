/** Network filters and where they are bound: the engine keeps none. */
import type { Handlers } from "../server/handler.ts"
import { type Absent, noNumber, notThere } from "./absent.ts"
import { knowing, upTo } from "./flags.ts"
import { uuidText } from "./domain-reference.ts"

/** REMOTE_NWFILTER_LIST_MAX */
const filtersMax = 16_384

const filters: Absent = { code: "NO_NWFILTER", domain: "NWFILTER", noun: "nwfilter" }
const bindings: Absent = {
  code: "NO_NWFILTER_BINDING",
  domain: "NWFILTER",
  noun: "nwfilter binding"
}

type Named = { readonly nwfilter: { readonly name: string } }
type Bound = { readonly nwfilter: { readonly portdev: string } }

const missing = ({ nwfilter: { name } }: Named) => notThere(filters, "name", name)

const unbound = ({ nwfilter: { portdev } }: Bound) => notThere(bindings, "port device", portdev)

export const nwfilter: Handlers = {
  remote: {
    CONNECT_NUM_OF_NWFILTERS: noNumber,
    CONNECT_LIST_NWFILTERS: upTo(filtersMax, () => ({ names: [] })),
    CONNECT_LIST_ALL_NWFILTERS: knowing("virConnectListAllNWFilters", 0, () => ({
      filters: [],
      ret: 0
    })),
    NWFILTER_LOOKUP_BY_NAME: ({ name }) => notThere(filters, "name", name),
    NWFILTER_LOOKUP_BY_UUID: ({ uuid }) => notThere(filters, "uuid", uuidText(uuid)),
    NWFILTER_GET_XML_DESC: missing,
    NWFILTER_UNDEFINE: missing,
    CONNECT_LIST_ALL_NWFILTER_BINDINGS: knowing("virConnectListAllNWFilterBindings", 0, () => ({
      bindings: [],
      ret: 0
    })),
    NWFILTER_BINDING_LOOKUP_BY_PORT_DEV: ({ name }) => notThere(bindings, "port device", name),
    NWFILTER_BINDING_GET_XML_DESC: unbound,
    NWFILTER_BINDING_DELETE: unbound
  }
}
