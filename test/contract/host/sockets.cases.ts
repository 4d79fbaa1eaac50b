/**
 * Goal: what every `Sockets` does, the live one and a simulated one, in the same words.
 * Method: servers of four manners: one repeats, one says `bye` and closes, one sends 4 MiB and
 * closes, one accepts and is silent.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { Files } from "../../../src/host/files.ts"
import { type ConnectionListener, Sockets } from "../../../src/host/socket.ts"
import { floodBytes, type Manner } from "./small-programs.ts"

type Service = (typeof Sockets)["Service"]
type FilesService = (typeof Files)["Service"]

/** One case's surroundings. */
export interface SocketsPlace {
  /** An absolute path in the case's own directory. */
  readonly at: (name: string) => string
  /** A server listens there when it returns. The result ends it, and its connections. */
  readonly serve: (path: string, manner: Manner) => Effect.Effect<() => void>
}

export interface SocketsBench {
  readonly run: (
    use: (place: SocketsPlace) => Effect.Effect<void, unknown, Sockets | Files>
  ) => Promise<void>
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

/** What a connection tells, and waits for it. */
const ear = () => {
  const heard: Uint8Array[] = []
  const ends: (string | undefined)[] = []
  const listener: ConnectionListener = {
    onData: (bytes) => void heard.push(bytes.slice()),
    onEnd: (error) => void ends.push(error)
  }
  const size = () => heard.reduce((sum, { length }) => sum + length, 0)
  const text = () => heard.map((bytes) => new TextDecoder().decode(bytes)).join("")
  const until = (isEnough: () => boolean) =>
    Effect.gen(function* () {
      while (!isEnough()) yield* Effect.sleep(1)
    })
  return { listener, ends, size, text, until }
}

interface Given extends SocketsPlace {
  readonly sockets: Service
  readonly files: FilesService
}

type Case = (given: Given) => Effect.Effect<void, unknown>

const namesIn = ({ files, at }: Given) => files.list(at("").slice(0, -1))

const cases: { readonly [name: string]: Case } = {
  "an unbound or discarded path refuses, and leaves no file": Effect.fnUntraced(function* (given) {
    const { sockets, at } = given
    const bound = yield* sockets.bind(at("a"))
    expect(yield* namesIn(given)).toEqual(["a~"])
    yield* bound.discard
    yield* bound.discard
    const error = yield* Effect.flip(sockets.connect(at("a"), ear().listener))
    expect(error).toMatchObject({ operation: "connect", code: "ENOENT" })
    expect(yield* namesIn(given)).toEqual([])
  }),

  "after the handing over the path is there and our copy is not": Effect.fnUntraced(
    function* (given) {
      const { sockets, files, at } = given
      const bound = yield* sockets.bind(at("b"))
      yield* bound.handOver
      yield* bound.handOver
      const stat = yield* files.stat(at("b"))
      expect(stat).toMatchObject({ kind: "socket", size: 0, mode: 0o600 })
      // Nobody else had it: the kernel refuses, which shows that we do not listen any more.
      const error = yield* Effect.flip(sockets.connect(at("b"), ear().listener))
      expect(error.code).toBe("ECONNREFUSED")
      yield* bound.discard
      expect(yield* namesIn(given)).toEqual([])
    }
  ),

  "a plain file is no socket": Effect.fnUntraced(function* ({ sockets, files, at }) {
    yield* files.close(yield* files.open(at("a"), "create"))
    const error = yield* Effect.flip(sockets.connect(at("a"), ear().listener))
    expect(error.code).toBe("ECONNREFUSED")
  }),

  "no directory, no socket": Effect.fnUntraced(function* ({ sockets, at }) {
    const error = yield* Effect.flip(sockets.bind(at("none/a")))
    expect(["ENOENT", "EACCES"]).toContain(error.code)
  }),

  "a name as long as the limit is used whole, a longer one refused": Effect.fnUntraced(
    function* (given) {
      const { sockets, at } = given
      const name = "x".repeat(107 - at("").length)
      const bound = yield* sockets.bind(at(name))
      yield* bound.handOver
      expect(yield* namesIn(given)).toEqual([name])
      yield* bound.discard
      const errors = [
        yield* Effect.flip(sockets.bind(at(`${name}x`))),
        yield* Effect.flip(sockets.connect(at(`${name}x`), ear().listener))
      ]
      expect(errors.map(({ code }) => code)).toEqual(["ENAMETOOLONG", "ENAMETOOLONG"])
    }
  ),

  "what a crashed engine left of a binding is no obstacle": Effect.fnUntraced(function* ({
    sockets,
    files,
    at
  }) {
    for (const name of ["c~", "c"]) yield* files.close(yield* files.open(at(name), "create"))
    const bound = yield* sockets.bind(at("c"))
    yield* bound.handOver
    expect((yield* files.stat(at("c"))).kind).toBe("socket")
    yield* bound.discard
  }),

  "bytes go both ways in order, and closing tells no end": Effect.fnUntraced(function* ({
    sockets,
    serve,
    at
  }) {
    yield* serve(at("d"), "echo")
    const { listener, ends, text, until } = ear()
    const connection = yield* sockets.connect(at("d"), listener)
    for (const word of ["one ", "two ", "three"]) connection.write(bytesOf(word))
    yield* until(() => text().length === 13)
    expect(text()).toBe("one two three")
    expect(connection.pendingBytes()).toBe(0)
    connection.close()
    connection.write(bytesOf("after"))
    yield* Effect.sleep(20)
    expect(ends).toEqual([])
  }),

  "what was written last is heard before the end": Effect.fnUntraced(function* ({
    sockets,
    serve,
    at
  }) {
    yield* serve(at("e"), "bye")
    const { listener, ends, text, until } = ear()
    yield* sockets.connect(at("e"), listener)
    yield* until(() => ends.length > 0)
    expect([text(), ends]).toEqual(["bye", [undefined]])
  }),

  "a peer that dies is told as an end, once": Effect.fnUntraced(function* ({ sockets, serve, at }) {
    const stop = yield* serve(at("g"), "mute")
    const { listener, ends, until } = ear()
    const connection = yield* sockets.connect(at("g"), listener)
    yield* Effect.sleep(20)
    stop()
    yield* until(() => ends.length > 0)
    connection.write(bytesOf("into the void"))
    connection.close()
    yield* Effect.sleep(20)
    expect(ends).toEqual([undefined])
  }),

  "while paused nothing arrives, and nothing is lost": Effect.fnUntraced(function* ({
    sockets,
    serve,
    at
  }) {
    yield* serve(at("f"), "flood")
    const { listener, ends, size, until } = ear()
    const connection = yield* sockets.connect(at("f"), listener)
    connection.pause()
    yield* Effect.sleep(30)
    const atRest = size()
    yield* Effect.sleep(30)
    expect(size()).toBe(atRest)
    expect(atRest).toBeLessThan(floodBytes)
    connection.resume()
    yield* until(() => ends.length > 0)
    expect(size()).toBe(floodBytes)
  }),

  "what a peer does not take stays pending": Effect.fnUntraced(function* ({ sockets, serve, at }) {
    yield* serve(at("h"), "deaf")
    const { listener } = ear()
    const connection = yield* sockets.connect(at("h"), listener)
    connection.write(new Uint8Array(floodBytes))
    yield* Effect.sleep(20)
    expect(connection.pendingBytes()).toBeGreaterThan(floodBytes / 2)
    expect(connection.pendingBytes()).toBeLessThanOrEqual(floodBytes)
    connection.close()
  }),

  "an interrupted connecting leaves nothing": Effect.fnUntraced(function* ({ sockets, serve, at }) {
    yield* serve(at("i"), "bye")
    const { listener, ends, size } = ear()
    const fiber = yield* Effect.forkChild(sockets.connect(at("i"), listener), {
      startImmediately: true
    })
    fiber.interruptUnsafe()
    yield* Effect.sleep(20)
    expect([size(), ends]).toEqual([0, []])
  })
}

export const socketsCases = ({ run }: SocketsBench): void => {
  for (const [name, perform] of Object.entries(cases))
    test(name, () =>
      run((place) =>
        Effect.gen(function* () {
          yield* perform({ ...place, sockets: yield* Sockets, files: yield* Files })
        })
      )
    )
}
