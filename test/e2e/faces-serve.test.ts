/**
 * Goal: a program serves its own engine, and its end is in order: clients are answered, then told
 * good-bye, the sockets go, and the engine goes on.
 * Method: engines in this process; Troupe's own command line as the client, in its own process.
 */
import { existsSync, statSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { layer, serve, Troupe as TroupeService } from "../../src/effect.ts"
import { SocketError, Troupe } from "../../src/index.ts"
import { setStage, troupe as client } from "./faces-stage.ts"

test("clients reach the engine that a program has open, by a socket for each right", async () => {
  await using stage = setStage()
  await using troupe = await Troupe.open({ root: stage.root, guests: "stop" })
  const socketDirectory = join(stage.directory, "sockets")
  const server = await troupe.serve({ socketDirectory, mode: 0o600 })
  const [path = "", readOnly = ""] = server.addresses
  expect(server.addresses).toEqual([
    join(socketDirectory, "libvirt-sock"),
    join(socketDirectory, "libvirt-sock-ro")
  ])
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const web = await troupe.define(stage.definition("web"))
  const ask = (socket: string, ...words: readonly string[]) =>
    client(["-c", `qemu+unix:///system?socket=${socket}`, ...words], stage).ended
  expect(await ask(path, "start", "web")).toMatchObject({ code: 0, err: "" })
  expect((await web.summary()).state).toBe("running")
  expect((await ask(readOnly, "list")).out).toMatch(/web +running/)
  expect((await ask(readOnly, "destroy", "web")).code).not.toBe(0)
  await expect(troupe.serve({ socketDirectory })).rejects.toThrow(SocketError)
  await server.close()
  expect(server.addresses.filter((address) => existsSync(address))).toEqual([])
  expect((await web.summary()).state).toBe("running")
  await using again = await troupe.serve({ socketDirectory })
  expect((await ask(again.addresses[0] ?? "", "list")).out).toMatch(/web +running/)
})

test("an engine that closes ends its servers, and one that has closed has none", async () => {
  await using stage = setStage()
  const troupe = await Troupe.open({ root: stage.root })
  const { addresses } = await troupe.serve()
  expect(addresses.every((address) => existsSync(address))).toBe(true)
  await troupe.close()
  expect(addresses.some((address) => existsSync(address))).toBe(false)
  await expect(troupe.serve()).rejects.toMatchObject({ _tag: "ActorStopped" })
  expect(addresses.some((address) => existsSync(address))).toBe(false)
})

test("the Effect face serves for as long as a scope", async () => {
  await using stage = setStage()
  const work = Effect.gen(function* () {
    const { addresses } = yield* Effect.scoped(
      Effect.tap(serve(), ({ addresses: [path = ""] }) =>
        Effect.sync(() => expect(existsSync(path)).toBe(true))
      )
    )
    expect(addresses.some((address) => existsSync(address))).toBe(false)
    const { list } = yield* TroupeService
    return yield* list()
  })
  const run = Effect.runPromise(Effect.provide(work, layer({ root: stage.root })))
  expect(await run).toEqual([])
})
