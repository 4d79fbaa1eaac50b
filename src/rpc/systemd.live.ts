/**
 * What systemd says to a service and wants to hear of it: sockets that it has made, and the state
 * of the service. Without systemd there is nothing to do, and nothing is done.
 */
import { execFile } from "node:child_process"
import * as Effect from "effect/Effect"
import { inheritedFrom, type InheritedSocket } from "./systemd.ts"

/**
 * The sockets that were made for this process, read once: children are not to take them for theirs.
 */
export const inheritedSockets: Effect.Effect<readonly InheritedSocket[]> = Effect.sync(() => {
  const sockets = inheritedFrom(process.env, process.pid)
  for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) delete process.env[name]
  return sockets
})

const notifyMs = 5_000

/**
 * Tells systemd, where it listens (NOTIFY_SOCKET). Node has no datagrams on UNIX sockets, so that
 * systemd's own program says it; the unit has `NotifyAccess=all` for that. Gives what went wrong.
 */
export const notify = (...states: readonly string[]): Effect.Effect<string | undefined> =>
  process.env["NOTIFY_SOCKET"] === undefined
    ? Effect.succeed(undefined)
    : Effect.callback((resume) => {
        const args = [`--pid=${process.pid}`, ...states]
        execFile("systemd-notify", args, { timeout: notifyMs }, (error) =>
          resume(Effect.succeed(error === null ? undefined : error.message.trim()))
        )
      })

/** For `RELOADING=1`: systemd wants to know when the reload began, in us of its own clock. */
export const monotonicUsec = (): bigint => process.hrtime.bigint() / 1_000n
