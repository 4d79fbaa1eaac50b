/** Secrets: the engine keeps none, so lists are empty and look-ups find nothing. */
import * as Effect from "effect/Effect"
import { RpcRefusal } from "../refusal.ts"
import type { Handlers } from "../server/handler.ts"
import { type Absent, listenInVain, noNumber, notThere, stopListening } from "./absent.ts"
import { knowing } from "./flags.ts"
import { uuidText } from "./domain-reference.ts"

/** REMOTE_SECRET_LIST_MAX */
const secretsMax = 16_384

/** VIR_CONNECT_LIST_SECRETS_*: ephemeral and private, each yes or no. */
const listFlags = 0xf

/** Lifecycle and value changed. */
const lastEvent = 1

const secrets: Absent = { code: "NO_SECRET", domain: "SECRET", noun: "secret" }

const missingUuid = (uuid: Uint8Array) => notThere(secrets, "uuid", uuidText(uuid))

const missing = ({ secret: { uuid } }: { readonly secret: { readonly uuid: Uint8Array } }) =>
  missingUuid(uuid)

export const secret: Handlers = {
  remote: {
    CONNECT_NUM_OF_SECRETS: noNumber,
    CONNECT_LIST_SECRETS: ({ maxuuids }) =>
      maxuuids >= 0 && maxuuids <= secretsMax
        ? { uuids: [] }
        : Effect.fail(
            new RpcRefusal({
              code: "INVALID_ARG",
              text: `a list has from 0 to ${secretsMax} uuids, and not ${maxuuids}`
            })
          ),
    CONNECT_LIST_ALL_SECRETS: knowing("virConnectListAllSecrets", listFlags, () => ({
      secrets: [],
      ret: 0
    })),
    SECRET_LOOKUP_BY_UUID: ({ uuid }) => missingUuid(uuid),
    SECRET_LOOKUP_BY_USAGE: ({ usageID }) => notThere(secrets, "usage", usageID),
    SECRET_GET_XML_DESC: missing,
    SECRET_SET_VALUE: missing,
    SECRET_GET_VALUE: missing,
    SECRET_UNDEFINE: missing,
    CONNECT_SECRET_EVENT_REGISTER_ANY: ({ eventID }, { callbacks }) =>
      listenInVain(callbacks, "secret", { eventID, last: lastEvent }),
    CONNECT_SECRET_EVENT_DEREGISTER_ANY: stopListening("secret")
  }
}
