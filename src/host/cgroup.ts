/**
 * Control groups, version 2 only: whether the host has them, making one, setting it, entering it
 * and removing it. The host's own manager keeps the top of the tree; the caller says what is below.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { Files } from "./files.ts"
import type { ProcessId } from "./process.ts"

/** What was asked of cgroups cannot be had here. */
export class CgroupUnavailable extends Data.TaggedError("CgroupUnavailable")<{
  readonly what: string
  readonly why: string
}> {
  override get message(): string {
    return `cannot ${this.what}: ${this.why}`
  }
}

const procBytesMax = 1024 * 1024

export interface CgroupHost {
  /** Where the tree is mounted. */
  readonly mount: string
  /** Controllers that its root offers: `cpu`, `memory`, ...; none on a host of the hybrid kind. */
  readonly controllers: readonly string[]
}

const readText = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  return new TextDecoder().decode(yield* files.read(path, procBytesMax))
})

/** The version 2 tree of this host. */
export const cgroupHost = Effect.gen(function* () {
  const mounts = yield* readText("/proc/self/mounts")
  const row = mounts.split("\n").find((line) => line.split(" ")[2] === "cgroup2")
  const mount = row?.split(" ")[1]
  if (mount === undefined) {
    return yield* new CgroupUnavailable({
      what: "use control groups",
      why: "no cgroup v2 tree is mounted"
    })
  }
  const controllers = (yield* readText(`${mount}/cgroup.controllers`)).split(/\s+/)
  const host: CgroupHost = { mount, controllers: controllers.filter((name) => name !== "") }
  return host
}).pipe(
  Effect.catchTag("FileError", (error) =>
    Effect.fail(new CgroupUnavailable({ what: "use control groups", why: error.message }))
  )
)

const attempt = <A, R>(what: string, effect: Effect.Effect<A, { readonly message: string }, R>) =>
  Effect.mapError(effect, (error) => new CgroupUnavailable({ what, why: error.message }))

/** A value of one of the group's files, in one write, as the kernel wants it. */
const put = Effect.fnUntraced(function* (path: string, value: string) {
  const files = yield* Files
  const file = yield* files.open(path, "write")
  yield* Effect.ensuring(files.write(file, new TextEncoder().encode(value)), files.close(file))
}, Effect.uninterruptible)

/** Makes the group when it is not there; `false` when it is. Its parent must exist. */
export const makeCgroup = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  return yield* attempt(`make control group '${path}'`, files.makeDirectory(path, 0o755))
})

/** Sets the group's files, as `memory.max` -> `1073741824`. Not all or nothing: the kernel's limits
 * are set one by one, and the first that it refuses is told. */
export const setCgroup = Effect.fnUntraced(function* (
  path: string,
  values: { readonly [file: string]: string }
) {
  for (const [file, value] of Object.entries(values)) {
    yield* attempt(`set ${file} of control group '${path}'`, put(`${path}/${file}`, value))
  }
})

/** Moves a process with all its threads into the group. */
export const placeInCgroup = (path: string, process: ProcessId) =>
  attempt(
    `move process ${process.pid} into control group '${path}'`,
    put(`${path}/cgroup.procs`, String(process.pid))
  )

/** Removes the group; `false` when it is not there. One that still holds a process is `EBUSY`. */
export const removeCgroup = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  return yield* attempt(`remove control group '${path}'`, files.removeDirectory(path))
})
