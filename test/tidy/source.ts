/**
 * The checkout as tidy tests see it: its files, their syntax trees and the nodes in them.
 * Reads files and parses them once; judges nothing.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { parseAst } from "rolldown/parseAst"

export const root = join(import.meta.dirname, "../..")

/** A node of the ESTree that rolldown's parser gives for TypeScript. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

export interface Source {
  /** Relative to the checkout. */
  readonly path: string
  readonly text: string
  /** Every node, parents before children, each with its parent. */
  readonly nodes: readonly { readonly node: Node; readonly parent: Node | undefined }[]
}

export const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value

/** The names of identifiers; empty for any other node. */
export const nameOf = (value: unknown): string =>
  isNode(value) && value.type === "Identifier" && typeof value["name"] === "string"
    ? value["name"]
    : ""

function collect(node: Node, parent: Node | undefined, into: Source["nodes"][number][]): void {
  into.push({ node, parent })
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) collect(child, node, into)
    }
  }
}

/** Parses one text as TypeScript, as if it stood at `path`. */
export function sourceOf(path: string, text: string): Source {
  const nodes: Source["nodes"][number][] = []
  const program: unknown = parseAst(text, { lang: "ts" })
  if (isNode(program)) collect(program, undefined, nodes)
  return { path, text, nodes }
}

/** Files of the checkout that match, sorted; never dependencies, output or caches. */
export function files(pattern: string): readonly string[] {
  const exclude = ["node_modules/**", "dist/**", ".cache/**", ".git/**", "coverage/**"]
  return globSync(pattern, { cwd: root, exclude, withFileTypes: false }).sort()
}

export const read = (path: string): string => readFileSync(join(root, path), "utf8")

export const exists = (path: string): boolean => existsSync(join(root, path))

/** All TypeScript of the three roots and of the tests. */
export const sources: readonly Source[] = ["src", "actors", "machines", "test"]
  .flatMap((folder) => files(`${folder}/**/*.ts`))
  .map((path) => sourceOf(path, read(path)))

/** Counted from 1. */
export const lineAt = (source: Source, offset: number): number =>
  source.text.slice(0, offset).split("\n").length

/** `path:line`, which terminals and editors open. */
export const placeOf = (source: Source, node: Node): string =>
  `${source.path}:${lineAt(source, node.start)}`

const importing = new Set([
  "ImportDeclaration",
  "ExportNamedDeclaration",
  "ExportAllDeclaration",
  "ImportExpression",
  "TSImportType"
])

/** What the file imports, types included: the specifier as written and the node. */
export const importsOf = (source: Source): readonly { specifier: string; node: Node }[] =>
  source.nodes.flatMap(({ node }) => {
    const from = importing.has(node.type) ? node["source"] : undefined
    const specifier = isNode(from) ? from["value"] : undefined
    return typeof specifier === "string" ? [{ specifier, node }] : []
  })
