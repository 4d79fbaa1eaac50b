/**
 * A process that has used up its descriptors and then uses the services; prints what came of it as
 * JSON. Run by `processes.live.test.ts` with a low limit.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as FilesLive from "../../../src/host/files.live.ts"
import { Files } from "../../../src/host/files.ts"
import * as ProcessesLive from "../../../src/host/process.live.ts"
import { Processes, type SpawnPlan } from "../../../src/host/process.ts"
import * as SocketsLive from "../../../src/host/socket.live.ts"
import { Sockets } from "../../../src/host/socket.ts"

const sleep: SpawnPlan = {
  argv: ["/bin/sleep", "100"],
  environment: {},
  directory: "/",
  descriptors: {},
  isDetached: false
}

const useUp = (): readonly number[] => {
  const taken: number[] = []
  try {
    while (true) taken.push(fs.openSync("/dev/null", "r"))
  } catch {
    return taken
  }
}

const codeOf = <A>(effect: Effect.Effect<A, { readonly code: string }>) =>
  Effect.match(effect, { onSuccess: () => "none", onFailure: ({ code }) => code })

const [, , directory = ""] = process.argv

const report = Effect.gen(function* () {
  const processes = yield* Processes
  const files = yield* Files
  const sockets = yield* Sockets
  const child = yield* processes.spawn(sleep)
  const taken = useUp()
  const found = {
    spawn: yield* codeOf(processes.spawn(sleep)),
    open: yield* codeOf(files.open(`${directory}/a`, "write")),
    bind: yield* codeOf(sockets.bind(`${directory}/s`)),
    connect: yield* codeOf(
      sockets.connect(`${directory}/s`, { onData: () => {}, onEnd: () => {} })
    ),
    isSeen: (yield* processes.inspect(child.pid))?.startTime === child.startTime,
    isSeenAgain: (yield* processes.inspect(child.pid))?.startTime === child.startTime,
    isListed: (yield* processes.list).some(({ pid }) => pid === child.pid),
    isKilled: yield* processes.signal(child, "SIGKILL")
  }
  const exit = yield* Effect.callback((resume) =>
    child.onExit((seen) => resume(Effect.succeed(seen)))
  )
  for (const fd of taken) fs.closeSync(fd)
  return { ...found, exit }
})

const layer = Layer.mergeAll(FilesLive.layer, ProcessesLive.layer, SocketsLive.layer)
const printed = Effect.map(report, (found) => fs.writeSync(1, JSON.stringify(found)))
Effect.runFork(Effect.provide(printed, layer))
