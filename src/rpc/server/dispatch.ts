/**
 * Which procedure a call names, whether it may be called now, and who answers it. One table, made
 * once for a daemon from the families of handlers; every refusal here is made before the arguments
 * are looked at.
 */
import { assert } from "../../base/assert.ts"
import { wireError } from "../error-code.ts"
import type { WireError } from "../protocol/error-payload.ts"
import {
  newerName,
  type Procedure,
  procedureNamed,
  procedureOf,
  procedures,
  programOf
} from "../protocol/procedures.ts"
import type { Client, Handlers, Program } from "./handler.ts"

/** A handler whose types were checked where it was written. */
export type AnyHandler = (args: unknown, client: Client) => unknown

/** A procedure that somebody answers. */
export interface Served {
  readonly procedure: Procedure
  readonly answer: AnyHandler
  /** A client may call it before it has opened its connection. */
  readonly isForAnonymous: boolean
}

export interface Dispatch {
  /** Who answers, or why nobody does. */
  readonly find: (
    header: { readonly program: number; readonly version: number; readonly procedure: number },
    client: { readonly isOpen: boolean; readonly isReadOnly: boolean }
  ) => Served | WireError
  /** Every procedure that is called, and whether it is served. */
  readonly served: () => readonly { readonly procedure: Procedure; readonly isServed: boolean }[]
}

/** What clients say before CONNECT_OPEN, and what ends a connection that was never opened. */
const forAnonymous: ReadonlySet<string> = new Set([
  "AUTH_LIST",
  "CONNECT_CLOSE",
  "CONNECT_OPEN",
  "CONNECT_SUPPORTS_FEATURE"
])

const names: readonly Program[] = ["remote", "qemu", "troupe"]

const rowsOf = (families: readonly Handlers[]): Map<Procedure, Served> => {
  const rows = new Map<Procedure, Served>()
  for (const family of families)
    for (const program of names)
      for (const [name, handler] of Object.entries(family[program] ?? {})) {
        const procedure = procedureNamed(program, name)
        assert(procedure !== undefined && !procedure.isMessage, `${name} is a procedure`)
        assert(!rows.has(procedure), `${name} has one handler`)
        rows.set(procedure, {
          procedure,
          answer: handler as AnyHandler,
          isForAnonymous: program === "remote" && forAnonymous.has(name)
        })
      }
  return rows
}

const rpc = { domain: "RPC" } as const

/** The words that clients take for "this daemon is older than I am". */
const unknownProcedure = (program: number, number: number): WireError => {
  const name = newerName(program, number)
  return wireError(
    "RPC",
    `unknown procedure: ${number}${name === undefined ? "" : ` (${name})`}`,
    rpc
  )
}

export const makeDispatch = (families: readonly Handlers[]): Dispatch => {
  const rows = rowsOf(families)
  const find: Dispatch["find"] = ({ program, version, procedure: number }, client) => {
    const known = programOf(program)
    if (known === undefined || known.version !== version || known.name === "keepalive")
      return wireError("RPC", `Cannot find program ${program} version ${version}`, rpc)
    const procedure = procedureOf(program, number)
    if (procedure === undefined || procedure.isMessage) return unknownProcedure(program, number)
    const row = rows.get(procedure)
    if (!client.isOpen && row?.isForAnonymous !== true)
      return wireError("INTERNAL_ERROR", "the connection is not open", rpc)
    const api = procedure.api ?? procedure.name
    if (client.isReadOnly && procedure.isWrite)
      return wireError("OPERATION_DENIED", `read only access prevents ${api}`)
    return row ?? wireError("NO_SUPPORT", api)
  }
  return {
    find,
    served: () =>
      procedures
        .filter(({ isMessage }) => !isMessage)
        .map((procedure) => ({ procedure, isServed: rows.has(procedure) }))
  }
}
