/**
 * Which daemon a command asks: the one that is named, else the one that works on the root, else
 * none, and the command opens an engine of its own.
 */
import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { connect, type Remote } from "../../rpc/client/connect.ts"
import type { Dialer } from "../../rpc/client/dial.ts"
import type { BadUri, ConnectFailure } from "../../rpc/client/error.ts"
import { parseUri } from "../../rpc/client/uri.ts"
import type { Sockets } from "../../host/socket.ts"
import { Home } from "../home.ts"

/** What the user has said about it. */
export interface Where {
  readonly root: string | undefined
  /** A connection URI. */
  readonly uri?: string | undefined
  readonly isReadOnly?: boolean
}

/** Nobody listens there, as against somebody who cannot be talked to. */
const nobody: ReadonlySet<string> = new Set(["ENOENT", "ECONNREFUSED", "ENOTDIR"])

/** The daemon of a root, if one answers; its URI is made of its socket. */
const ofRoot = Effect.fnUntraced(function* (root: string, isReadOnly: boolean) {
  const home = yield* Home
  const path = home.socketOf(root)
  const realm = home.uid === 0 ? "system" : "session"
  return yield* connect(
    {
      uri: `qemu+unix:///${realm}?socket=${encodeURIComponent(path).replaceAll("%2F", "/")}`,
      name: `qemu:///${realm}`,
      realm,
      way: { type: "unix", path: isReadOnly ? `${path}-ro` : path }
    },
    { paths: [], isReadOnly }
  ).pipe(
    Effect.catchTag("Unreachable", (error) =>
      nobody.has(error.code) ? Effect.undefined : Effect.fail(error)
    )
  )
})

/**
 * The daemon to ask. A root that the user names on the command line is meant more than a URI of
 * the environment.
 */
export const reach = ({
  root,
  uri,
  isReadOnly = false
}: Where): Effect.Effect<
  Remote | undefined,
  BadUri | ConnectFailure,
  Home | Sockets | Dialer | Scope
> =>
  Effect.gen(function* () {
    const home = yield* Home
    const named = uri ?? (root === undefined ? home.defaultUri : undefined)
    if (named === undefined) return yield* ofRoot(root ?? home.defaultRoot, isReadOnly)
    const target = yield* Effect.fromResult(parseUri(named))
    return yield* connect(target, { paths: home.socketPaths(target.realm), isReadOnly })
  })
