/**
 * Goal: an engine finds a place for itself: as an ordinary user, with a root whose path leaves no
 * room for sockets, and again with another environment; and the Effect face opens and closes it by
 * scope.
 * Method: real guests; programs of another user where the tests run as root.
 */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  rmSync
} from "node:fs"
import { dirname, join } from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { expect, test } from "vitest"
import * as Face from "../../src/effect.ts"
import { Troupe } from "../../src/index.ts"
import { guestsIn, program, setStage, troupe } from "./faces-stage.ts"

/** Debian's `nobody`, who owns nothing. */
const nobody = 65_534
const asNobody =
  process.getuid?.() === 0
    ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups", "--"]
    : []

test("an ordinary user runs guests, which end with nothing left", async () => {
  await using stage = setStage()
  const { directory } = stage
  stage.definition("web")
  if (asNobody.length > 0)
    for (const name of ["", "web.img", "web.xml"]) chownSync(join(directory, name), nobody, nobody)
  const options = { directory, before: asNobody, environment: { TROUPE_ROOT: "", HOME: directory } }
  const environment = { ...options.environment, XDG_STATE_HOME: join(directory, "state") }
  const one = { ...options, environment }
  expect(await program("docs/examples/start.ts", one).ended).toMatchObject({ code: 0, err: "" })
  const [pid = 0] = guestsIn(directory)
  expect(lstatSync(`/proc/${pid}`).uid).toBe(asNobody.length > 0 ? nobody : process.getuid?.())
  expect(lstatSync(join(directory, "state/troupe/etc/qemu/web.xml")).mode & 0o077).toBe(0)
  const ended = await troupe(["shutdown", "web", "--mode", "acpi", "--wait"], one).ended
  expect(ended).toMatchObject({ code: 0, err: "" })
  expect(guestsIn(directory)).toEqual([])
})

test("a root with a long path has its sockets elsewhere, found again by anybody", async () => {
  await using stage = setStage()
  const root = join(stage.directory, "a-long-name-".repeat(8), "root")
  mkdirSync(join(root, ".."), { recursive: true })
  const runtime = join(stage.directory, "xdg")
  mkdirSync(runtime)
  chmodSync(runtime, 0o700)
  const before = process.env["XDG_RUNTIME_DIR"]
  try {
    process.env["XDG_RUNTIME_DIR"] = runtime
    const first = await Troupe.open({ root })
    const { pid } = await (await first.create(stage.definition("web"))).info()
    await first.close()
    delete process.env["XDG_RUNTIME_DIR"]
    await using second = await Troupe.open({ root, guests: "stop" })
    expect(await (await second.lookup("web")).info()).toMatchObject({ pid, state: "running" })
  } finally {
    if (before !== undefined) process.env["XDG_RUNTIME_DIR"] = before
    const run = readlinkSync(join(root, "run"))
    rmSync(run, { recursive: true })
    if (readdirSync(dirname(run)).length === 0) rmdirSync(dirname(run))
  }
})

test("the layer of the Effect face opens the engine, and its scope closes it", async () => {
  await using stage = setStage()
  const xml = stage.definition("web")
  const seen = Effect.gen(function* () {
    const engine = yield* Face.Troupe
    const web = yield* engine.createXML(xml)
    const stopped = engine.events({ domain: web.uuid, withCurrent: true }).pipe(
      Stream.tap((event) =>
        event.type === "current" ? Effect.ignore(web.destroy()) : Effect.void
      ),
      Stream.takeUntil((event) => event.type === "lifecycle" && event.event === "stopped"),
      Stream.runCollect
    )
    const events = yield* stopped
    const missing = yield* Effect.flip(engine.lookup("nobody"))
    return { types: events.map(({ type }) => type), missing: missing._tag, phase: engine.phase }
  })
  const scope = Scope.makeUnsafe()
  const context = await Effect.runPromise(
    Layer.buildWithScope(Face.layer({ root: stage.root }), scope)
  )
  const { types, missing, phase } = await Effect.runPromise(Effect.provide(seen, context))
  expect({ types, missing, phase: phase() }).toEqual({
    types: ["current", "lifecycle"],
    missing: "DomainNotFound",
    phase: "running"
  })
  await Effect.runPromise(Scope.close(scope, Exit.void))
  expect(phase()).toBe("stopped")
  await using again = await Troupe.open({ root: stage.root })
  expect(await again.list()).toEqual([])
})
