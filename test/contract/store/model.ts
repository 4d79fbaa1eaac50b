/**
 * The sequential model of the store: what is there after each operation, and the same operation on
 * a real store. An operation that the model refuses leaves it as it is and is not tried.
 */
import * as Effect from "effect/Effect"
import type { StoreError } from "../../../src/store/error.ts"
import { type Contents, type StoreService, textOf } from "./world.ts"

export type Operation =
  | { readonly type: "define"; readonly name: string; readonly version: number }
  | { readonly type: "undefine"; readonly name: string }
  | {
      readonly type: "rename"
      readonly name: string
      readonly to: string
      readonly version: number
    }
  | { readonly type: "autostart"; readonly name: string; readonly isAutostart: boolean }

/** The sequential model: what is there after the operation, and who has which uuid. */
export interface Model {
  readonly uuids: { readonly [name: string]: string }
  readonly contents: Contents
}

export const nothing: Model = { uuids: {}, contents: { definitions: {}, autostart: [] } }

const without = <A>(record: { readonly [key: string]: A }, key: string) =>
  Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))

export const after = (model: Model, operation: Operation, fresh: string): Model => {
  const { uuids, contents } = model
  const { definitions, autostart } = contents
  const { name } = operation
  const uuid = uuids[name] ?? fresh
  if (operation.type === "define") {
    const text = textOf({ name, uuid }, operation.version)
    return {
      uuids: { ...uuids, [name]: uuid },
      contents: { definitions: { ...definitions, [name]: text }, autostart }
    }
  }
  if (!(name in definitions)) return model
  if (operation.type === "undefine")
    return {
      uuids: without(uuids, name),
      contents: {
        definitions: without(definitions, name),
        autostart: autostart.filter((one) => one !== name)
      }
    }
  if (operation.type === "autostart") {
    const others = autostart.filter((one) => one !== name)
    const changed = operation.isAutostart ? [...others, name].toSorted() : others
    return { uuids, contents: { definitions, autostart: changed } }
  }
  const { to, version } = operation
  if (to in definitions) return model
  const text = textOf({ name: to, uuid }, version)
  return {
    uuids: { ...without(uuids, name), [to]: uuid },
    contents: {
      definitions: { ...without(definitions, name), [to]: text },
      autostart: autostart.map((one) => (one === name ? to : one)).toSorted()
    }
  }
}

/** The operation on the real store; one that the model refuses is not tried. */
export const perform = (
  store: StoreService,
  model: Model,
  { operation, fresh }: { readonly operation: Operation; readonly fresh: string }
): Effect.Effect<void, StoreError> => {
  const next = after(model, operation, fresh)
  const { name } = operation
  const uuid = next.uuids[name] ?? model.uuids[name] ?? fresh
  if (next === model) return Effect.void
  switch (operation.type) {
    case "define":
      return store.writeDefinition({ name, uuid, xml: next.contents.definitions[name] ?? "" })
    case "undefine":
      return Effect.asVoid(store.removeDefinition({ name, uuid }))
    case "autostart":
      return store.setAutostart(name, operation.isAutostart)
    case "rename": {
      const { to } = operation
      return store.renameDefinition({
        uuid,
        from: name,
        to,
        xml: next.contents.definitions[to] ?? ""
      })
    }
  }
}
