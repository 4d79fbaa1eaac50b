/**
 * Ways out of the simulated world: constructs that the engine's own code does not use, for what
 * comes after them is decided by the event loop, the wall clock or chance, and no seed replays it.
 * Pure: a way is looked for in one syntax node.
 */
import { isLive } from "./layers.ts"
import { isNode, type Node, nameOf } from "./source.ts"

export interface Escape {
  readonly way: string
  readonly remedy: string
  readonly matches: (node: Node) => boolean
}

const folders = [
  "machines/",
  "actors/",
  "src/base/",
  "src/config/",
  "src/engine/",
  "src/host/",
  "src/kernel/",
  "src/model/",
  "src/qemu/",
  "src/qmp/",
  "src/store/",
  "src/trace/",
  "src/xml/"
]

/** What runs in the simulated world as it is. */
export const isInWorld = (path: string): boolean =>
  !isLive(path) && folders.some((folder) => path.startsWith(folder))

const called = (node: Node): string =>
  node.type === "CallExpression" || node.type === "NewExpression" ? nameOf(node["callee"]) : ""

const member = (node: Node): readonly [string, string] =>
  node.type === "MemberExpression" ? [nameOf(node["object"]), nameOf(node["property"])] : ["", ""]

/** `name(...)`, `new name(...)`, `name.anything` or `globalThis.name`. */
const uses =
  (...names: readonly string[]) =>
  (node: Node): boolean =>
    names.includes(called(node)) ||
    names.includes(member(node)[0]) ||
    (member(node)[0] === "globalThis" && names.includes(member(node)[1]))

const promised = new Set([
  "promise",
  "tryPromise",
  "runPromise",
  "runPromiseExit",
  "runPromiseWith",
  "runSync",
  "runSyncExit",
  "runFork",
  "fromAsyncIterable",
  "fromReadableStream"
])

const modules = new Set(["Effect", "Stream", "Layer", "Schema", "Runtime", "ManagedRuntime"])

/** A call of a method of this name, on whatever. */
const callsMethod = (node: Node, ...names: readonly string[]): boolean => {
  const callee = node.type === "CallExpression" ? node["callee"] : undefined
  return isNode(callee) && names.includes(member(callee)[1])
}

export const escapes: readonly Escape[] = [
  {
    way: "timer",
    remedy: "Effect.sleep, or a deadline that is drawn in the chart",
    matches: uses(
      "setTimeout",
      "setInterval",
      "setImmediate",
      "queueMicrotask",
      "requestIdleCallback",
      "AbortSignal",
      "Atomics"
    )
  },
  {
    way: "promise",
    remedy: "an Effect; promises live in live files, behind a service",
    matches: (node) =>
      uses("Promise")(node) ||
      node["async"] === true ||
      node.type === "AwaitExpression" ||
      (node.type === "ForOfStatement" && node["await"] === true) ||
      callsMethod(node, "then", "finally") ||
      (modules.has(member(node)[0]) && promised.has(member(node)[1])) ||
      (node.type === "ImportSpecifier" && promised.has(nameOf(node["imported"])))
  },
  {
    way: "clock",
    remedy: "Effect's Clock, which the world has its own of",
    matches: (node) => uses("Date", "performance")(node) || member(node)[1] === "hrtime"
  },
  {
    way: "chance",
    remedy: "the service Ids, or Effect's Random",
    matches: (node) =>
      (member(node)[0] === "Math" && member(node)[1] === "random") ||
      uses("crypto", "nanoid")(node) ||
      ["randomUUID", "randomBytes", "getRandomValues"].includes(called(node))
  },
  {
    way: "outside",
    remedy: "a service; a live file has one primitive of the platform per function",
    // `process` is a name for many things here: words.ts knows which of them is the global one.
    matches: (node) =>
      uses("fetch", "WebSocket", "Worker", "navigator")(node) ||
      node.type === "ImportExpression" ||
      (node.type === "ImportDeclaration" &&
        isNode(node["source"]) &&
        String(node["source"]["value"]).startsWith("node:"))
  },
  {
    way: "garbage",
    remedy: "release it where its life ends; when memory is collected, nobody can replay",
    matches: uses("WeakRef", "FinalizationRegistry")
  }
]
