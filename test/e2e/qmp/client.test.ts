/**
 * Goal: the client keeps its word to whatever is at the other end: each command is answered once,
 * with QEMU's answer or a typed error, in bounded time.
 * Method: real QEMU without a machine; a bare server where QEMU must misbehave.
 */
import * as net from "node:net"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { Processes } from "../../../src/host/process.ts"
import { connectMonitor } from "../../../src/qemu/connect.ts"
import { killAndConfirm } from "../../../src/qemu/kill.ts"
import { type Launched, launch, whileAlive } from "../../../src/qemu/launcher.ts"
import * as Command from "../../../src/qmp/command.ts"
import { type Bench, onHost, patienceMs } from "../launcher/fixture.ts"

const talkTo = Effect.fnUntraced(function* (bench: Bench) {
  const plan = bench.plan("a")
  const launched = yield* launch(plan)
  const client = yield* whileAlive(plan, launched, connectMonitor(plan.monitor.path))
  return { launched, client }
})

const kill = ({ process, onExit }: Launched) =>
  killAndConfirm(process, { graceMs: 0, boundMs: patienceMs, onExit })

test("QEMU greets, answers and refuses", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const { client, launched } = yield* talkTo(bench)
      expect(client.greeting.version).toMatch(/^\d+\.\d+\.\d+$/)
      const status = yield* client.execute(Command.queryStatus())
      expect(status).toEqual({ status: "prelaunch", isRunning: false })
      const refused = yield* Effect.flip(client.execute(Command.deviceDel("none")))
      expect(refused).toMatchObject({ _tag: "QmpRefused", class: "DeviceNotFound" })
      expect(yield* client.execute(Command.queryCpus())).toEqual([])
      yield* kill(launched)
    })
  ))

test("many commands are in flight at once, each with its own answer", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const { client, launched } = yield* talkTo(bench)
      const paths = Array.from({ length: 100 }, (_, index) => `/no/such/path-${index}`)
      const answers = yield* Effect.forEach(
        paths,
        (path) => Effect.flip(client.execute(Command.qomList(path))),
        { concurrency: "unbounded" }
      )
      expect(answers.map((answer) => answer._tag)).toEqual(paths.map(() => "QmpRefused"))
      for (const [index, answer] of answers.entries()) {
        expect(String(answer)).toContain(`path-${index}'`)
      }
      yield* kill(launched)
    })
  ))

test("the event comes before the reply of the command that caused it", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const { client, launched } = yield* talkTo(bench)
      const heard: string[] = []
      client.onEvent((event) => void heard.push(event._tag))
      yield* Effect.tap(client.execute(Command.cont()), () =>
        Effect.sync(() => heard.push("reply"))
      )
      expect(heard).toEqual(["Resume", "reply"])
      yield* kill(launched)
    })
  ))

test("quit is told by the end and by the exit", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const { client, launched } = yield* talkTo(bench)
      const over = Effect.callback<string>((resume) =>
        client.onEnd((because) => resume(Effect.succeed(String(because))))
      )
      yield* Effect.exit(client.execute(Command.quit()))
      expect(yield* over).toMatch(/closed|ECONNRESET|EPIPE/)
      const late = yield* Effect.flip(client.execute(Command.queryStatus()))
      expect(late._tag).toBe("QmpEnded")
      yield* kill(launched)
    })
  ))

test("a stopped QEMU costs a command its deadline, and its late reply nobody", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const processes = yield* Processes
      const { client, launched } = yield* talkTo(bench)
      yield* processes.signal(launched.process, "SIGSTOP")
      const late = yield* Effect.flip(client.execute(Command.queryStatus(), { timeoutMs: 50 }))
      expect(late).toMatchObject({ _tag: "QmpTimeout", command: "query-status" })
      yield* processes.signal(launched.process, "SIGCONT")
      const kvm = yield* client.execute(Command.queryKvm())
      expect(Object.keys(kvm)).toEqual(["isEnabled", "isPresent"])
      yield* kill(launched)
    })
  ))

test("a killed QEMU fails every waiting command once", () =>
  onHost((bench) =>
    Effect.gen(function* () {
      const processes = yield* Processes
      const { client, launched } = yield* talkTo(bench)
      yield* processes.signal(launched.process, "SIGSTOP")
      const waiting = Array.from({ length: 20 }, () => Effect.flip(client.execute(Command.stop())))
      const kills = Effect.andThen(Effect.sleep(20), kill(launched))
      const [errors] = yield* Effect.all(
        [Effect.all(waiting, { concurrency: "unbounded" }), kills],
        { concurrency: "unbounded" }
      )
      expect(errors.map((error) => error._tag)).toEqual(waiting.map(() => "QmpEnded"))
    })
  ))

/** Something that listens where a monitor should be. */
const impostor = (path: string, serve: (socket: net.Socket) => void) =>
  Effect.acquireRelease(
    Effect.callback<net.Server>((resume) => {
      const server = net.createServer((socket) => {
        socket.on("error", () => {})
        serve(socket)
      })
      server.listen(path, () => resume(Effect.succeed(server)))
    }),
    (server) => Effect.sync(() => void server.close())
  )

const impostors = [
  {
    says: "garbage",
    serve: (s: net.Socket) => void s.write("SSH-2.0-OpenSSH\r\n"),
    tag: "QmpFault"
  },
  { says: "another JSON", serve: (s: net.Socket) => void s.write("[1]\n"), tag: "QmpFault" },
  { says: "an endless line", serve: (s: net.Socket) => flood(s), tag: "QmpFault" },
  { says: "nothing", serve: () => {}, tag: "QmpTimeout" },
  { says: "half a greeting", serve: (s: net.Socket) => void s.end('{"QMP"'), tag: "QmpEnded" },
  { says: "goodbye", serve: (s: net.Socket) => void s.destroy(), tag: "QmpEnded" }
]

const flood = (socket: net.Socket): void => {
  const more = (): void => {
    while (!socket.destroyed && socket.write("x".repeat(1 << 20)));
    if (!socket.destroyed) socket.once("drain", more)
  }
  more()
}

test.each(impostors)("a peer that says $says is told in bounded time", ({ serve, tag }) =>
  onHost((bench) =>
    Effect.gen(function* () {
      const path = join(bench.directory, "x.sock")
      yield* impostor(path, serve)
      const timeoutMs = tag === "QmpTimeout" ? 100 : patienceMs
      const error = yield* Effect.flip(connectMonitor(path, { timeoutMs }))
      expect(error._tag).toBe(tag)
    })
  )
)
