/** `edit`: a domain's definition in the user's editor, and back. */
import * as Effect from "effect/Effect"
import { Ids } from "../../base/ids.ts"
import { definitionBytesMax } from "../../base/limits.ts"
import { Files } from "../../host/files.ts"
import type { Remote } from "../../rpc/client/connect.ts"
import { BadInput } from "../failure.ts"
import { Home } from "../home.ts"
import { Screen } from "../screen.ts"
import { xmlFlags } from "./flags.ts"
import { findDomain } from "./reference.ts"
import { type Answer, done } from "./answer.ts"

export interface EditOptions {
  readonly key: string
  /** Of the definition. */
  readonly flags: number
}

/** What is not taken stays in its file, for a next attempt is made of it. */
export const edit = (remote: Remote, { key, flags }: EditOptions) =>
  Effect.gen(function* () {
    const files = yield* Files
    const home = yield* Home
    const dom = yield* findDomain(remote, key)
    const { xml } = yield* remote.call("remote", "DOMAIN_GET_XML_DESC", {
      dom,
      flags: xmlFlags.secure | xmlFlags.inactive
    })
    const path = `${home.temporaryDirectory}/troupe-edit-${yield* (yield* Ids).token}.xml`
    const file = yield* files.open(path, "create", 0o600)
    yield* files.write(file, new TextEncoder().encode(xml))
    yield* files.close(file)
    const code = yield* home.edit(path)
    if (code !== 0) {
      yield* files.unlink(path)
      return yield* new BadInput({ message: `the editor ended with ${code}: nothing is changed` })
    }
    const changed = new TextDecoder().decode(yield* files.read(path, definitionBytesMax))
    if (changed === xml) {
      yield* files.unlink(path)
      return done(dom.name, "is not changed")
    }
    const screen = yield* Screen
    const defined = yield* remote
      .call("remote", "DOMAIN_DEFINE_XML_FLAGS", { xml: changed, flags })
      .pipe(Effect.tapError(() => screen.warn(`troupe: what you have written is in ${path}\n`)))
    yield* files.unlink(path)
    return done(defined.dom.name, "is changed")
  }).pipe(Effect.map((answer): Answer => answer))
