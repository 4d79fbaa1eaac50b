/**
 * An engine that does nothing but change definitions, as fast as it can, until it is killed: the
 * child process of live-store.test.ts. Writes a line before and after each change.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as LiveIds from "../../../src/base/ids.live.ts"
import * as LiveFiles from "../../../src/host/files.live.ts"
import { make } from "../../../src/store/store.ts"
import { after, type Model, nothing, type Operation, perform } from "./model.ts"
import { contentsOf, readIdentity } from "./world.ts"

const [, , root = "", seed = "1"] = process.argv

/** A small generator of our own, so that a failing round can be played again by its seed. */
const numbers = (state: number) => () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state >>> 8
}

const next = numbers(Number(seed))
const nameOf = (n: number): string => ["web", "db", "虚拟机", "a/../b"][n % 4] ?? "web"

const anyOperation = (): Operation => {
  const name = nameOf(next())
  switch (next() % 4) {
    case 0:
      return { type: "undefine", name }
    case 1:
      return { type: "rename", name, to: nameOf(next()), version: next() % 100 }
    case 2:
      return { type: "autostart", name, isAutostart: next() % 2 === 0 }
    default:
      return { type: "define", name, version: next() % 100 }
  }
}

const tell = (line: unknown) => Effect.sync(() => fs.writeSync(1, `${JSON.stringify(line)}\n`))

const main = Effect.gen(function* () {
  const store = yield* make({ root, owner: "test", readIdentity })
  const contents = yield* contentsOf(store)
  const uuidOf = (text: string) => readIdentity(text)?.uuid ?? ""
  const uuids = Object.entries(contents.definitions).map(([name, text]) => [name, uuidOf(text)])
  let model: Model = { ...nothing, uuids: Object.fromEntries(uuids), contents }
  yield* tell(model.contents)
  for (let count = 0; ; count++) {
    const fresh = `${store.generation}-${count}`
    const operation = anyOperation()
    const target = after(model, operation, fresh)
    yield* tell(target.contents)
    yield* perform(store, model, { operation, fresh })
    model = target
    yield* tell(model.contents)
  }
})

await Effect.runPromise(
  Effect.scoped(main).pipe(Effect.provide(LiveFiles.layer), Effect.provide(LiveIds.layer))
)
