/**
 * How much memory a running QEMU may keep in place: a host device writes to the guest's, which then
 * must not be paged out. Raised by util-linux's `prlimit`, for a process that has run a guest is no
 * child that would still be ours to limit; never lowered, as other devices may need it.
 */
import * as Effect from "effect/Effect"
import { Files } from "../../src/host/files.ts"
import type { ProcessId } from "../../src/host/process.ts"
import type { Domain } from "../../src/model/domain.ts"
import { memlockOf } from "./settings.ts"
import { HelperRefused, runHelper } from "./host-program.ts"

/** Fixed, never from PATH: it runs with the engine's rights. */
const places = ["/usr/bin/prlimit", "/bin/prlimit", "/run/current-system/sw/bin/prlimit"]
const procBytesMax = 64 * 1024

/** A file of /proc as text; nothing where the host does not tell. */
const procText = (pid: number, name: string) =>
  Effect.gen(function* () {
    const files = yield* Files
    const read = yield* Effect.option(files.read(`/proc/${pid}/${name}`, procBytesMax))
    return read._tag === "Some" ? new TextDecoder().decode(read.value) : ""
  })

const amount = (word: string | undefined): number =>
  word === undefined || word === "unlimited" ? Number.POSITIVE_INFINITY : Number(word)

/** In bytes. Where the host does not tell, there is no limit that would be known. */
const present = (pid: number) =>
  Effect.map(procText(pid, "limits"), (text) => {
    const words = /^Max locked memory +([0-9]+|unlimited) +([0-9]+|unlimited)/m.exec(text)
    return { soft: amount(words?.[1]), hard: amount(words?.[2]) }
  })

/** capabilities(7): CAP_IPC_LOCK. Who has it is not held to the limit. */
const ipcLock = 1n << 14n

const mayLock = (pid: number) =>
  Effect.map(procText(pid, "status"), (text) => {
    const word = /^CapEff:\s*([0-9a-f]+)/m.exec(text)?.[1]
    return word !== undefined && (BigInt(`0x${word}`) & ipcLock) !== 0n
  })

const findPrlimit = Effect.gen(function* () {
  const files = yield* Files
  for (const path of places)
    if ((yield* Effect.option(files.stat(path)))._tag === "Some") return path
  return undefined
})

const raise = Effect.fnUntraced(function* ({ pid }: ProcessId, limit: string) {
  const what = "raise the limit of locked memory"
  const path = yield* findPrlimit
  if (path === undefined)
    return yield* new HelperRefused({ what, why: "'prlimit' of util-linux is not installed" })
  yield* runHelper(what, [path, "--pid", String(pid), `--memlock=${limit}`])
})

/** So much as this guest needs in place, if it may have less. `live`: with the new device. */
export const raiseMemoryLock = Effect.fnUntraced(function* (process: ProcessId, live: Domain) {
  const wanted = memlockOf(live)
  if (wanted === undefined) return
  const { soft, hard } = yield* present(process.pid)
  if (soft >= amount(String(wanted))) return
  // What may be had already is not taken away: it takes a privilege to get it back.
  const limit = hard >= amount(String(wanted)) ? `${wanted}:` : `${wanted}:${wanted}`
  const raised = yield* Effect.result(raise(process, limit))
  if (raised._tag === "Failure" && !(yield* mayLock(process.pid))) return yield* raised.failure
})
