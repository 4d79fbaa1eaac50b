/**
 * Keeps what QEMU appends to within the config's bound while it runs: the guests' logs, and the
 * files of their consoles that the engine has opened. One errand of the driver for all of them; a
 * look costs one `stat`.
 */
import * as Effect from "effect/Effect"
import { type LogLimits, trimLog } from "../../src/host/log-file.ts"
import { view } from "../domain/domain.ts"
import type { Parts } from "./parts.ts"

/** Between two looks: a guest that floods can be past its bound by what it writes meanwhile. */
const calmMs = 1_000
/** When something was cut, there is more to come. */
const floodMs = 100
const concurrency = 4

/** The files of every guest that has a QEMU. */
const logsOf = ({ domains }: Parts): readonly string[] =>
  domains.all().flatMap(({ ref }) => {
    if (ref === undefined) return []
    const mine = ref.belongings.find(view(ref).context.epoch)
    return mine?.record?.holds?.logs ?? []
  })

/** Cuts what is too long; whether anything was. A file that cannot be looked at is left alone. */
const cut = Effect.fnUntraced(function* (parts: Parts, limits: LogLimits) {
  const trimmed = yield* Effect.forEach(
    logsOf(parts),
    (path) => Effect.orElseSucceed(trimLog(path, limits), () => false),
    { concurrency }
  )
  return trimmed.includes(true)
})

/** Goes on until it is interrupted. */
export const keepLogsBounded = Effect.fnUntraced(function* (parts: Parts) {
  for (;;) {
    const { troupeLogBytesMax: bytesMax, troupeLogBackupsMax: backups } =
      parts.config.current().values
    const isFlood = yield* cut(parts, { bytesMax, backups })
    yield* Effect.sleep(isFlood ? floodMs : calmMs)
  }
})
