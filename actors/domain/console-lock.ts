/**
 * Whether another program of this host says that it uses a terminal, by the lock files that serial
 * programs share (UUCP's, as minicom, screen and libvirt write them). Makes none.
 */
import * as Effect from "effect/Effect"
import { Files } from "../../src/host/files.ts"
import { isAlive, Processes } from "../../src/host/process.ts"

/** FHS 5.9: `LCK..` and the name below /dev. libvirt writes `_` for `/`; others the last part. */
const lockPaths = (terminal: string): readonly string[] => {
  const name = terminal.replace(/^\/dev\//, "")
  const names = new Set([name.replaceAll("/", "_"), name.slice(name.lastIndexOf("/") + 1)])
  return [...names].map((one) => `/var/lock/LCK..${one}`)
}

/** Ten digits and a newline. */
const lockBytesMax = 64

const ownerOf = Effect.fnUntraced(function* (path: string) {
  const bytes = yield* Effect.option((yield* Files).read(path, lockBytesMax))
  if (bytes._tag === "None") return undefined
  const pid = Number.parseInt(new TextDecoder().decode(bytes.value), 10)
  // A lock that nobody can be asked about counts, as it does for those who write them.
  if (!Number.isSafeInteger(pid) || pid <= 0) return "somebody"
  const found = yield* (yield* Processes).inspect(pid)
  return found !== undefined && isAlive(found) ? `process ${pid}` : undefined
})

/** Who it is, in words. */
export const terminalUser = Effect.fnUntraced(function* (terminal: string) {
  for (const path of lockPaths(terminal)) {
    const owner = yield* ownerOf(path)
    if (owner !== undefined) return owner
  }
  return undefined
})
