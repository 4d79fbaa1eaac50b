/**
 * Lives of a guest under the real engine, as effects that run with a real QEMU and in a simulated
 * world alike. Each tells what the engine said of its guest at the points that matter.
 */
import * as Effect from "effect/Effect"
import { guestDomainXml } from "../../../src/cli/demo/guest.ts"
import type { Domain } from "../../../src/engine/handle.ts"
import type { Engine } from "../../../src/engine/engine.ts"
import { Processes } from "../../../src/host/process.ts"
import { Sockets } from "../../../src/host/socket.ts"

export const guestUuid = "00000000-0000-4000-8000-0000000000aa"

/** Where the guest's serial line is, and its disk; where the engine keeps what it has. */
export interface Ground {
  readonly root: string
  readonly serialPath: string
  readonly diskPath: string
}

type Told = string[]

export interface Story {
  readonly name: string
  /** Rewrites the XML of the plain guest. */
  readonly edit?: (xml: string) => string
  /** One function per life of the engine; its guests go on in between. */
  readonly lives: readonly ((scene: Scene) => Effect.Effect<void, unknown, Processes | Sockets>)[]
}

export interface Scene {
  readonly domain: Domain
  readonly engine: Engine
  readonly ground: Ground
  /** `running booted`, `shutoff crashed`: noted in order. */
  readonly told: Told
}

/** Between two looks. */
const lookMs = 5
const looksMax = 4_000

const until = (what: string, holds: Effect.Effect<boolean, unknown>) =>
  Effect.gen(function* () {
    for (let look = 0; look < looksMax; look++) {
      if (yield* holds) return
      yield* Effect.sleep(lookMs)
    }
    throw new Error(`waited for ${what}`)
  })

const stateOf = (domain: Domain) =>
  Effect.map(domain.info, ({ state, reason }) => `${state} ${reason}`)

const note = ({ domain, told }: Scene) =>
  Effect.map(stateOf(domain), (state) => void told.push(state))

const becomes = (scene: Scene, wanted: string) =>
  Effect.andThen(
    until(
      wanted,
      Effect.map(stateOf(scene.domain), (state) => state === wanted)
    ),
    note(scene)
  )

interface Line {
  readonly order: (byte: string) => void
  readonly up: (times: number) => Effect.Effect<void, unknown>
}

/** The guest's serial line, always read: one that nobody reads stalls the guest. */
const lineOf = ({ ground }: Scene) =>
  Effect.gen(function* () {
    const sockets = yield* Sockets
    let said = ""
    const connection = yield* sockets.connect(ground.serialPath, {
      onData: (bytes) => (said += new TextDecoder().decode(bytes)),
      onEnd: () => {}
    })
    const ups = () => said.split("TROUPE GUEST UP").length - 1
    const line: Line = {
      order: (byte) => connection.write(new TextEncoder().encode(byte)),
      up: (times) =>
        until(
          `up ${times} times`,
          Effect.sync(() => ups() >= times)
        )
    }
    return line
  })

/** Started paused, so that nothing that it says is missed. */
const boot = (scene: Scene) =>
  Effect.gen(function* () {
    yield* scene.domain.start({ isPaused: true })
    yield* note(scene)
    const line = yield* lineOf(scene)
    yield* scene.domain.resume
    yield* line.up(1)
    yield* note(scene)
    // Our guest enables its power button before it says that it is up.
    return line
  })

const killNine = ({ domain }: Scene) =>
  Effect.gen(function* () {
    const processes = yield* Processes
    const { pid = 0 } = yield* domain.info
    const found = yield* processes.inspect(pid)
    if (found === undefined) throw new Error("the guest has a process")
    yield* processes.signal(found, "SIGKILL")
  })

const withPanic = (lines: string) => (xml: string) =>
  xml
    .replace("<devices>", `${lines}<devices>`)
    .replace("</devices>", "<panic model='isa'/></devices>")

export const stories: readonly Story[] = [
  {
    name: "start and destroy",
    lives: [
      (scene) =>
        Effect.gen(function* () {
          yield* scene.domain.start()
          yield* note(scene)
          yield* scene.domain.destroy()
          yield* note(scene)
          yield* scene.domain.start()
          yield* scene.domain.destroy({ isGraceful: true })
          yield* note(scene)
        })
    ]
  },
  {
    name: "suspend, resume and reset",
    lives: [
      (scene) =>
        Effect.gen(function* () {
          const line = yield* boot(scene)
          yield* scene.domain.suspend
          yield* note(scene)
          yield* Effect.ignore(scene.domain.suspend)
          yield* scene.domain.resume
          yield* note(scene)
          yield* scene.domain.reset
          yield* line.up(2)
          yield* note(scene)
          yield* scene.domain.destroy()
        })
    ]
  },
  {
    name: "the power button",
    lives: [
      (scene) =>
        Effect.gen(function* () {
          yield* boot(scene)
          yield* scene.domain.shutdown("acpi")
          yield* becomes(scene, "shutoff shutdown")
        })
    ]
  },
  {
    name: "a reboot by the power button",
    lives: [
      (scene) =>
        Effect.gen(function* () {
          const line = yield* boot(scene)
          yield* scene.domain.reboot("acpi")
          yield* line.up(2)
          yield* becomes(scene, "running booted")
          yield* scene.domain.destroy()
          yield* note(scene)
        })
    ]
  },
  {
    name: "the guest powers off",
    lives: [
      (scene) =>
        Effect.gen(function* () {
          const line = yield* boot(scene)
          line.order("o")
          yield* becomes(scene, "shutoff shutdown")
        })
    ]
  },
  {
    name: "the guest reboots where a reboot is an end",
    edit: withPanic("<on_reboot>destroy</on_reboot>"),
    lives: [
      (scene) =>
        Effect.gen(function* () {
          const line = yield* boot(scene)
          line.order("r")
          yield* until(
            "its end",
            Effect.map(stateOf(scene.domain), (state) => state.startsWith("shutoff"))
          )
          yield* note(scene)
        })
    ]
  },
  {
    name: "the guest powers off where that is a reboot",
    edit: withPanic("<on_poweroff>restart</on_poweroff>"),
    lives: [
      (scene) =>
        Effect.gen(function* () {
          const line = yield* boot(scene)
          line.order("o")
          yield* line.up(2)
          yield* becomes(scene, "running booted")
          yield* scene.domain.destroy()
        })
    ]
  },
  {
    name: "a panic",
    edit: withPanic("<on_crash>preserve</on_crash>"),
    lives: [
      (scene) =>
        Effect.gen(function* () {
          const line = yield* boot(scene)
          line.order("p")
          yield* becomes(scene, "crashed panicked")
          yield* scene.domain.destroy()
          yield* note(scene)
        })
    ]
  },
  {
    name: "kill -9",
    lives: [
      (scene) =>
        Effect.gen(function* () {
          yield* boot(scene)
          yield* killNine(scene)
          yield* becomes(scene, "shutoff crashed")
        })
    ]
  },
  {
    name: "an engine comes back to its guest",
    lives: [
      (scene) => Effect.asVoid(boot(scene)),
      (scene) =>
        Effect.gen(function* () {
          yield* until(
            "the guest",
            Effect.map(stateOf(scene.domain), (state) => state.startsWith("running"))
          )
          yield* note(scene)
          yield* scene.domain.suspend
          yield* note(scene)
        }),
      (scene) =>
        Effect.gen(function* () {
          yield* until(
            "the guest",
            Effect.map(stateOf(scene.domain), (state) => state.startsWith("paused"))
          )
          yield* note(scene)
          yield* scene.domain.resume
          yield* scene.domain.shutdown("acpi")
          yield* becomes(scene, "shutoff shutdown")
        })
    ]
  }
]

/** The plain guest, with its serial line on a socket and a disk that nobody writes to. */
export const guestXml = ({ serialPath, diskPath }: Ground, { edit = (xml) => xml }: Story) =>
  edit(
    guestDomainXml({
      name: "web",
      uuid: guestUuid,
      diskPath,
      serial: { kind: "unix", path: serialPath }
    })
  )
