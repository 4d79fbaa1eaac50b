/** Two places in which a story is told: this host with a real QEMU, and a simulated one. */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as IdsLive from "../../../src/base/ids.live.ts"
import { guestImage } from "../../../src/cli/demo/guest.ts"
import { openEngine } from "../../../src/engine/engine.ts"
import * as FilesLive from "../../../src/host/files.live.ts"
import * as ProcessesLive from "../../../src/host/process.live.ts"
import * as SocketsLive from "../../../src/host/socket.live.ts"
import type { Dispatcher } from "../../../src/kernel/dispatcher.ts"
import { nodeDispatcher } from "../../../src/kernel/dispatcher.live.ts"
import { type HostServices, SimulatedHost } from "../../../src/testing/host/host.ts"
import { SimulatedQemu } from "../../../src/testing/qemu/simulated-qemu.ts"
import { World } from "../../../src/testing/world.ts"
import { binary } from "./real-qemu.ts"
import { Recorder } from "./recorder.ts"
import { type Ground, guestUuid, guestXml, type Story } from "./stories.ts"

export interface Outcome {
  readonly told: readonly string[]
  readonly recorder: Recorder
}

type Life = Story["lives"][number]

/** Opens an engine for the life's length; its guests go on after it. */
const lived = (life: Life, { story, ground, told, dispatcher }: Living) =>
  Effect.scoped(
    Effect.gen(function* () {
      const engine = yield* openEngine({
        place: { root: ground.root, run: `${ground.root}/run` },
        owner: "test",
        dispatcher,
        emulatorFor: () => binary,
        startConcurrency: 2,
        guests: "leave"
      })
      const isDefined = yield* Effect.isSuccess(engine.lookup({ uuid: guestUuid }))
      if (!isDefined) yield* engine.defineXML(guestXml(ground, story))
      const domain = yield* engine.lookup({ uuid: guestUuid })
      yield* life({ domain, engine, ground, told })
    })
  )

interface Living {
  readonly story: Story
  readonly ground: Ground
  readonly told: string[]
  readonly dispatcher: Dispatcher
}

const hostLayer = Layer.mergeAll(
  FilesLive.layer,
  ProcessesLive.layer,
  SocketsLive.layer,
  IdsLive.layer
)

/** With a real QEMU. What is left of it is killed. */
export const tellReal = async (story: Story): Promise<Outcome> => {
  const directory = fs.mkdtempSync(join(tmpdir(), "tq-"))
  const ground: Ground = {
    root: join(directory, "r"),
    serialPath: join(directory, "serial"),
    diskPath: join(directory, "disk.img")
  }
  fs.writeFileSync(ground.diskPath, guestImage())
  const recorder = new Recorder()
  const told: string[] = []
  try {
    for (const life of story.lives) {
      const living = { story, ground, told, dispatcher: nodeDispatcher() }
      const work = Effect.flatMap(Effect.context<HostServices>(), (services) =>
        Effect.provideContext(lived(life, living), recorder.watch(services))
      )
      await Effect.runPromise(Effect.scoped(Effect.provide(work, hostLayer)))
    }
    return { told, recorder }
  } finally {
    killAll(directory)
    fs.rmSync(directory, { recursive: true, force: true })
  }
}

/** Processes whose command line names the directory: ours alone, for it is new. */
const killAll = (directory: string): void => {
  for (const name of fs.readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    const words = readIfThere(`/proc/${name}/cmdline`)
    if (words.includes(`${directory}/`) && words.includes("qemu-system"))
      process.kill(Number(name), "SIGKILL")
  }
}

const readIfThere = (path: string): string => {
  try {
    return fs.readFileSync(path, "utf8")
  } catch {
    return ""
  }
}

/** In a world of its own. */
export const tellSimulated = (story: Story): Outcome => {
  const world = new World()
  const qemu = new SimulatedQemu({ wallMs: () => world.wallOriginMs + world.nowMs })
  const host = new SimulatedHost(world, { programs: new Map([[binary, qemu]]) })
  const ground: Ground = { root: "/var/lib/t", serialPath: "/tmp/serial", diskPath: "/disk.img" }
  host.disk.createFile(ground.diskPath, 0o600, true)
  const recorder = new Recorder()
  const told: string[] = []
  for (const life of story.lives) {
    const engine = host.engine("troupe", () => {})
    const living = { story, ground, told, dispatcher: engine.realm }
    const context = recorder.watch(engine.context) as Context.Context<HostServices>
    const fiber = Effect.runForkWith(context)(lived(life, living))
    let isOver = false
    fiber.addObserver((exit) => {
      isOver = true
      if (exit._tag === "Failure") throw new Error(`${story.name}: ${String(exit.cause)}`)
    })
    while (!isOver && world.step());
    if (!isOver) throw new Error(`${story.name}: the world is at rest, and the story is not told`)
    engine.exit()
  }
  return { told, recorder }
}
