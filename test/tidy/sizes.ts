/**
 * Sizes in a file: its lines, its functions and their parameters. Pure; says what is measured.
 */
import { isNode, lineAt, type Node, nameOf, type Source } from "./source.ts"

export interface Measured {
  readonly kind: "file" | "function" | "parameters"
  readonly path: string
  readonly name: string
  readonly line: number
  readonly size: number
  readonly limit: number
}

export const fileLinesMax = 400
export const functionLinesMax = 70
/** A `createMachine` literal and a test's body: they are tables more than programs. */
export const literalLinesMax = 120
export const parametersMax = 3
export const columnsMax = 100

const functions = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"])

const machineCalls = new Set(["createMachine", "createStateConfig"])
const testCalls = new Set(["test", "it", "describe", "beforeAll", "afterAll"])

/**
 * `test` of `test(...)`, `test.each(...)(...)`; `createMachine` of `setup({}).createMachine(...)`.
 */
function calleeName(callee: unknown): string {
  if (!isNode(callee)) return ""
  if (callee.type === "MemberExpression") {
    const property = nameOf(callee["property"])
    return machineCalls.has(property) ? property : calleeName(callee["object"])
  }
  if (callee.type === "CallExpression") return calleeName(callee["callee"])
  return nameOf(callee)
}

const callName = (node: Node | undefined): string =>
  node?.type === "CallExpression" ? calleeName(node["callee"]) : ""

/** The name by which a reader finds the function: its own, its variable's, or its property's. */
const functionName = (node: Node, parent: Node | undefined): string =>
  nameOf(node["id"]) || nameOf(parent?.["id"]) || nameOf(parent?.["key"]) || callName(parent)

/** Every file, function, machine literal and parameter list of the source, with its limit. */
export function measure(source: Source): readonly Measured[] {
  const { path, text, nodes } = source
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0)
  const file: Measured = { kind: "file", path, name: "", line: 1, size: lines, limit: fileLinesMax }
  const inside = nodes.flatMap(({ node, parent }): readonly Measured[] => {
    const line = lineAt(source, node.start)
    const size = lineAt(source, node.end) - line + 1
    if (node.type === "CallExpression" && machineCalls.has(callName(node))) {
      const limit = literalLinesMax
      return [{ kind: "function", path, name: callName(node), line, size, limit }]
    }
    if (!functions.has(node.type)) return []
    const name = functionName(node, parent)
    const isTestBody = path.startsWith("test/") && testCalls.has(callName(parent))
    const limit = isTestBody ? literalLinesMax : functionLinesMax
    // A property takes as many values as its `fc.property` draws.
    const isProperty = callName(parent) === "fc"
    const parameters = !isProperty && Array.isArray(node["params"]) ? node["params"].length : 0
    return [
      { kind: "function", path, name, line, size, limit },
      { kind: "parameters", path, name, line, size: parameters, limit: parametersMax }
    ]
  })
  return [file, ...inside]
}
