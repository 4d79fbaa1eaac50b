/**
 * Words and constructs that do not stand in the code, each with its remedy. Pure: a rule looks at
 * one syntax node or at the text, and knows in which files it does not apply.
 */
import { isComposing, isLive, isTest } from "./layers.ts"
import { isNode, type Node, nameOf, type Source } from "./source.ts"

export interface WordRule {
  readonly word: string
  readonly remedy: string
  /** Files in which the word may stand. */
  readonly except: (path: string) => boolean
  readonly matches: (node: Node, source: Source) => boolean
}

const nowhere = () => false

/** Where the outside is touched: live and composing files, and tests. */
const atTheEdge = (path: string) => isLive(path) || isComposing(path) || isTest(path)

/** Where promises are awaited besides: the charts are for users of xstate, without Effect. */
const inPromises = (path: string) =>
  atTheEdge(path) || path.startsWith("src/promise/") || path.startsWith("src/charts/")

/** Coverage of the machines of others: their actors run, and are looked at. */
const countsActors = (path: string) =>
  path === "src/charts/coverage.ts" || /^test\/(unit|property)\/charts\//.test(path)

/** Names that the file itself binds: `process` as a parameter is no global. */
const boundNames = new WeakMap<Source, ReadonlySet<string>>()

const patternNames = (pattern: unknown): readonly string[] => {
  if (!isNode(pattern)) return []
  if (pattern.type === "Identifier") return [nameOf(pattern)]
  const parts = [pattern["properties"], pattern["elements"], pattern["left"], pattern["argument"]]
  const value = pattern.type === "Property" ? [pattern["value"]] : []
  return [...parts.flat(), ...value].flatMap(patternNames)
}

function bound(source: Source): ReadonlySet<string> {
  const known = boundNames.get(source)
  if (known !== undefined) return known
  const names = source.nodes.flatMap(({ node }) => [
    ...(Array.isArray(node["params"]) ? node["params"].flatMap(patternNames) : []),
    ...(node.type === "VariableDeclarator" || node.type === "FunctionDeclaration"
      ? patternNames(node["id"])
      : []),
    ...(node.type.startsWith("Import") ? patternNames(node["local"]) : [])
  ])
  const set = new Set(names)
  boundNames.set(source, set)
  return set
}

/** The global is used: `name.x`, `name(...)` or `new name(...)`, and the file does not bind it. */
const usesGlobal =
  (...names: readonly string[]) =>
  (node: Node, source: Source): boolean => {
    const used =
      node.type === "MemberExpression"
        ? nameOf(node["object"])
        : node.type === "CallExpression" || node.type === "NewExpression"
          ? nameOf(node["callee"])
          : ""
    return names.includes(used) && !bound(source).has(used)
  }

/** `object.property`, called or not. */
const usesMember = (object: string, property: string) => (node: Node) =>
  node.type === "MemberExpression" &&
  nameOf(node["object"]) === object &&
  nameOf(node["property"]) === property

const isType = (type: string) => (node: Node) => node.type === type

const named = (name: string) => (node: Node) => nameOf(node) === name

export const wordRules: readonly WordRule[] = [
  {
    word: "Date",
    remedy: "take the time from Effect's Clock",
    except: atTheEdge,
    matches: usesGlobal("Date", "performance")
  },
  {
    word: "Math.random",
    remedy: "take chance from Effect's Random, identity from base/ids",
    except: nowhere,
    matches: usesMember("Math", "random")
  },
  {
    word: "setTimeout",
    remedy: "a deadline is drawn in the chart or stands in Effect.timeout",
    except: atTheEdge,
    matches: usesGlobal("setTimeout", "setInterval", "setImmediate", "queueMicrotask")
  },
  {
    word: "process",
    remedy: "depend on a service; a live file asks the operating system",
    except: atTheEdge,
    matches: usesGlobal("process")
  },
  {
    word: "console",
    remedy: "write through Effect's Console or Logger; what actors do is in the inspection stream",
    except: atTheEdge,
    matches: usesGlobal("console")
  },
  {
    word: "createActor",
    remedy: "xstate decides and never runs: use the statechart runner in src/kernel",
    except: (path) => path.startsWith("test/tidy/") || countsActors(path),
    matches: named("createActor")
  },
  {
    word: "any",
    remedy: "decode it at the edge, or name the type; `unknown` where nothing is known",
    except: nowhere,
    matches: isType("TSAnyKeyword")
  },
  {
    word: "!",
    remedy: "use present(value, claim) from base/assert",
    except: isTest,
    matches: isType("TSNonNullExpression")
  },
  {
    word: "export default",
    remedy: "export by name",
    // vitest takes its configuration by default.
    except: (path) => path.endsWith("/vitest.config.ts"),
    matches: isType("ExportDefaultDeclaration")
  },
  {
    word: "enum",
    remedy: "use a union of literals; enums do not erase",
    except: nowhere,
    matches: isType("TSEnumDeclaration")
  },
  {
    word: "await",
    remedy: "return an Effect; promises live at the edge",
    except: inPromises,
    matches: isType("AwaitExpression")
  },
  {
    word: "runSync",
    remedy: "return the Effect; only the edge runs it",
    except: inPromises,
    matches: (node) =>
      ["runSync", "runPromise", "runFork", "runSyncExit", "runPromiseExit"].some((name) =>
        usesMember("Effect", name)(node)
      )
  }
]

export interface TextRule {
  readonly word: string
  readonly remedy: string
  readonly pattern: RegExp
}

/** Rules for the text itself, comments included. Spelt so that they do not find themselves. */
export const textRules: readonly TextRule[] = [
  {
    word: "@ts-",
    remedy: "mend the type; the compiler is not told to look away",
    pattern: /@ts-(ignore|expect-error|nocheck)/
  },
  {
    word: "todo",
    remedy: "do it, or open an issue and leave the code without a promise",
    pattern: /\b(TO[D]O|FIX[M]E|X[X]X)\b/
  },
  {
    word: "a path of one machine",
    remedy: "take the path from a setting or make it relative",
    pattern: /(^|[\s"'`(])\/(work|home\/[a-z]+|Users)\//
  }
]
