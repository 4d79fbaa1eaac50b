/**
 * Writing and removing a definition as clients mean it: what a rename in doubt or a link of an
 * earlier namesake would add to it is taken away first.
 */
import * as Effect from "effect/Effect"
import {
  type Definition,
  forgetStaleAutostart,
  removeDefinition,
  writeDefinition
} from "./definitions.ts"
import type { DefinitionDisk } from "./disk.ts"
import type { Identity, ReadIdentity } from "./identity.ts"
import { abandonRename } from "./rename.ts"

export const defineDomain = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  definition: Definition
) {
  // After a rename in doubt the old name may have lost its file but still has its own link.
  const wasRenaming = yield* abandonRename(disk, readIdentity, definition)
  if (!wasRenaming) yield* forgetStaleAutostart(disk, definition.name)
  yield* writeDefinition(disk, readIdentity, definition)
})

export const undefineDomain = Effect.fnUntraced(function* (
  disk: DefinitionDisk,
  readIdentity: ReadIdentity,
  identity: Identity
) {
  yield* abandonRename(disk, readIdentity, identity)
  return yield* removeDefinition(disk, readIdentity, identity)
})
