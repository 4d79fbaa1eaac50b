/**
 * What the families of things that this engine does not keep have in common: lists are empty, and
 * whatever is looked up or worked on is not there.
 */
import * as Effect from "effect/Effect"
import { type ErrorDomain, type ErrorName, RpcRefusal } from "../refusal.ts"
import type { Callbacks, CallbackKind, Client, Work } from "../server/handler.ts"

/** A kind of thing that there is none of. */
export interface Absent {
  readonly code: ErrorName
  readonly domain: ErrorDomain
  /** `network` */
  readonly noun: string
}

/** As libvirt says it: `no network with matching name 'x'`. */
export const notThere = ({ code, domain, noun }: Absent, by: string, key: string) =>
  Effect.fail(new RpcRefusal({ code, domain, text: `no ${noun} with matching ${by} '${key}'` }))

export const noNumber = () => ({ num: 0 })

/** Registers for events that never come, as there is nothing that they could tell of. */
export const listenInVain = (
  callbacks: Callbacks,
  kind: CallbackKind,
  { eventID, last }: { readonly eventID: number; readonly last: number }
): Work<{ readonly callbackID: number }> =>
  eventID < 0 || eventID > last
    ? Effect.fail(
        new RpcRefusal({ code: "INVALID_ARG", text: `unsupported ${kind} event ${eventID}` })
      )
    : Effect.map(
        callbacks.add(kind, () => Effect.void),
        (callbackID) => ({ callbackID })
      )

/** Takes a registration of this kind away. */
export const stopListening =
  (kind: CallbackKind) =>
  ({ callbackID }: { readonly callbackID: number }, { callbacks }: Client): Work<void> =>
    callbacks.remove(kind, callbackID)
