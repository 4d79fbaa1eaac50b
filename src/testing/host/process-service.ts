/**
 * The `Processes` service of one engine process on the simulated host: looking and signalling are
 * done at once, as by the live service; the rest are tasks of its realm.
 */
import * as Effect from "effect/Effect"
import {
  type Child,
  type ProcessExit,
  type Processes,
  type ProcessId,
  SpawnError,
  type SpawnPlan
} from "../../host/process.ts"
import type { Birthplace } from "./births.ts"
import type { Doer } from "./carrier.ts"
import type { Descriptors } from "./descriptors.ts"
import type { OpenFiles } from "./files.ts"
import { type Listener, SocketEnd } from "./network.ts"
import { Errno } from "./node.ts"
import type { ProcessTable, SimulatedProcess } from "./processes.ts"
import { telling } from "./telling.ts"
import type { Inherited } from "./self.ts"

/**
 * How long a process stays in uninterruptible sleep, in turn: once within the bounds of those who
 * wait for its death, once past them all.
 */
export const stuckMs = [1_000, 40_000] as const

export interface ProcessServiceOptions extends Doer {
  readonly self: SimulatedProcess
  readonly table: ProcessTable
  readonly birthplace: Birthplace
  readonly openFiles: OpenFiles
  readonly descriptors: Descriptors
}

/** Calls each listener once, those that come after the exit too, in a turn of its own. */
const exitBoard = ({ realm }: Doer, pid: number) => {
  const { touch } = realm
  let exit: ProcessExit | undefined
  const listeners: ((exit: ProcessExit) => void)[] = []
  const exited = (how: ProcessExit): void => {
    touch?.(undefined)
    exit = how
    for (const listener of listeners.splice(0)) listener(how)
  }
  const onExit: Child["onExit"] = (listener) => {
    touch?.(`exit of ${pid}`)
    const known = exit
    if (known === undefined) listeners.push(listener)
    else
      realm.schedule(`exit of ${pid}`, () => {
        touch?.(undefined)
        listener(known)
      })
  }
  return { exited, onExit }
}

type Pipe = Extract<SpawnPlan["descriptors"][number], { readonly kind: "pipe" }>

const pipeTo = (
  { realm, descriptors }: ProcessServiceOptions,
  fd: number,
  { onData, onEnd }: Pipe
): Inherited => {
  const [ours, end] = SocketEnd.pair()
  const name = `pipe at ${fd}`
  const own = descriptors.open({ kind: "pipe", name }, () => ours.close())
  ours.receive({
    realm,
    name,
    onData,
    onEnd: () => {
      descriptors.close(own)
      onEnd?.()
    }
  })
  return { kind: "pipe", end }
}

const inheritedBy = (
  options: ProcessServiceOptions,
  plan: SpawnPlan
): ReadonlyMap<number, Inherited> => {
  const all = new Map<number, Inherited>([[0, { kind: "null" }]])
  for (const [key, given] of Object.entries(plan.descriptors)) {
    const fd = Number(key)
    if (fd === 0) continue
    if (given.kind === "file") {
      const { node, isAppending } = options.openFiles.at(given.file)
      all.set(fd, { kind: "file", node, isAppending })
    } else if (given.kind === "listener")
      all.set(fd, { kind: "listener", listener: given.listener as Listener })
    else if (given.kind === "pipe") all.set(fd, pipeTo(options, fd, given))
    else all.set(fd, { kind: "null" })
  }
  return all
}

/** Pipes to a child that there never was end. */
const orClosing = <A>(inherited: ReadonlyMap<number, Inherited>, fork: () => A): A => {
  try {
    return fork()
  } catch (cause) {
    for (const one of inherited.values()) if (one.kind === "pipe") one.end.close()
    throw cause
  }
}

/** The process is there, and has not run yet. */
const born = (options: ProcessServiceOptions, plan: SpawnPlan): Child => {
  const { realm, table, birthplace, self } = options
  const { argv, environment, directory } = plan
  const inherited = inheritedBy(options, plan)
  const process = orClosing(inherited, () =>
    birthplace.fork({ parent: self.pid, argv, environment, directory, inherited })
  )
  const { pid, startTime } = process
  const { exited, onExit } = exitBoard(options, pid)
  process.onZombie = () =>
    realm.schedule(`reap ${pid}`, () => {
      if (process.phase !== "zombie") return
      const { exit } = process
      table.reap(process)
      // The listeners are called on a later turn: whoever looks in between sees that it is gone.
      realm.schedule(`exit of ${pid}`, () => exited(exit ?? { code: 0, signal: undefined }))
    })
  return { pid, startTime, onExit }
}

const spawn = (options: ProcessServiceOptions, plan: SpawnPlan) =>
  telling(options.realm, (goesOn) => Effect.uninterruptible(spawned(options, plan, goesOn)))

const spawned = (options: ProcessServiceOptions, plan: SpawnPlan, goesOn: () => void) =>
  Effect.callback<Child, SpawnError>((resume) => {
    const { realm, faults, die } = options
    const [command] = plan.argv
    const label = `spawn ${command}`
    const fail = (code: string) => resume(Effect.fail(new SpawnError({ command, code })))
    const perform = () => {
      try {
        const child = born(options, plan)
        const isQuick = !plan.isDetached
        // A detached child is spawned on a thread: it runs before the engine knows of it.
        if (isQuick) return resume(Effect.succeed(child))
        return realm.schedule(`spawned ${child.pid}`, () => {
          goesOn()
          resume(Effect.succeed(child))
        })
      } catch (cause) {
        if (!(cause instanceof Errno)) throw cause
        return fail(cause.code)
      }
    }
    realm.schedule(label, () => {
      goesOn()
      const fault = faults.at("spawn", label)
      if (fault === undefined) return perform()
      if (fault === "kill-before") return die()
      if (fault !== "kill-after") return fail(fault)
      perform()
      die()
    })
  })

export const processService = (options: ProcessServiceOptions): Processes["Service"] => {
  const { realm, faults, die, table, self } = options
  const now = <A>(look: () => A): Effect.Effect<A> =>
    Effect.suspend(() => (realm.isAlive ? Effect.succeed(look()) : Effect.never))
  let stuck = 0
  return {
    spawn: (plan) => spawn(options, plan),
    inspect: (pid) => now(() => table.inspect(pid)),
    list: telling(realm, (goesOn) =>
      Effect.callback((resume) =>
        realm.schedule("list processes", () => {
          goesOn()
          resume(Effect.succeed(table.infos))
        })
      )
    ),
    commandLine: (id) =>
      telling(realm, (goesOn) =>
        Effect.callback((resume) => {
          const look = (): void => {
            goesOn()
            const process = table.find(id)
            // It holds its memory's lock while it is in the kernel: whoever reads waits with it.
            if (process?.isStuck === true) return void realm.after(1_000, look, "command line")
            resume(
              Effect.succeed(process === undefined ? kernelWords(table, id.pid) : wordsOf(process))
            )
          }
          realm.schedule(`command line of ${id.pid}`, look)
        })
      ),
    openFiles: (id) => now(() => openFilesOf(options, id)),
    signal: (id, signal) =>
      Effect.suspend(() => {
        if (!realm.isAlive) return Effect.never
        const fault = faults.at("signal", `${signal} ${id.pid}`)
        if (fault === "kill-before") {
          die()
          return Effect.never
        }
        const process = table.find(id)
        if (fault === "stuck" && process !== undefined)
          table.stick(process, stuckMs[stuck++ % 2] ?? 0)
        const isThere = table.signal(id, signal)
        if (fault === "kill-after") die()
        return realm.isAlive ? Effect.succeed(isThere) : Effect.never
      }),
    self: now(() => ({ pid: self.pid, uid: 0, gid: 0 }))
  }
}

/** A group of VFIO's is a file; what is had of it has no name. */
const openFilesOf = (
  { table, openFiles: { disk } }: ProcessServiceOptions,
  id: ProcessId
): readonly string[] | undefined =>
  table.find(id)?.descriptors.held.flatMap(({ kind, name }) => {
    if (kind !== "vfio") return [kind === "file" || kind === "usb" ? name : `${kind}:[${name}]`]
    const link = `/sys/bus/pci/devices/${name}/iommu_group`
    const group = disk.has(link) ? disk.node(link) : undefined
    const number = group?.kind === "symlink" ? group.target.split("/").at(-1) : undefined
    return [...(number === undefined ? [] : [`/dev/vfio/${number}`]), "anon_inode:[vfio-device]"]
  })

const wordsOf = (process: SimulatedProcess): readonly string[] =>
  process.phase === "zombie" ? [] : process.words

const kernelWords = (table: ProcessTable, pid: number): readonly string[] | undefined =>
  pid <= 2 && table.inspect(pid) !== undefined ? [] : undefined
