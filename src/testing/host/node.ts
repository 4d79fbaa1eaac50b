/**
 * What a disk in memory is made of, and how a path leads through it: links, `..`, and the kernel's
 * bounds and errors.
 */
import type { FileStat } from "../../host/files.ts"

export interface Attributes {
  readonly number: number
  mode: number
  uid: number
  gid: number
  mtimeMs: number
}

export interface FileNode extends Attributes {
  readonly kind: "file"
  data: Uint8Array
  durable: Uint8Array
  /** A failed sync marks pages clean that never reached the disk: later syncs lie about them. */
  isForsaken: boolean
  /** The file is one of /sys: opened as its mode says, by root too, and never cut. */
  attribute?: Attribute
}

/** An attribute of something that the kernel knows. */
export interface Attribute {
  /** Takes what was written at once, whole, or throws `Errno`. Absent where nothing is taken. */
  readonly store?: (text: string) => Waiting | undefined
}

/** The deed has begun and ends later: `done` is told once, of the errno where it failed. */
export type Waiting = (done: Done) => void

export type Done = (code?: string) => void

export interface DirectoryNode extends Attributes {
  readonly kind: "directory"
  /** Of a file system that lives in memory only: nothing below it outlives the power. */
  readonly isVolatile: boolean
  entries: Map<string, Node>
  durable: Map<string, Node>
}

export interface LinkNode extends Attributes {
  readonly kind: "symlink"
  readonly target: string
}

/** Sockets, devices and pipes: only their presence counts here. */
export interface SpecialNode extends Attributes {
  readonly kind: Exclude<FileStat["kind"], "file" | "directory" | "symlink">
}

export type Node = FileNode | DirectoryNode | LinkNode | SpecialNode

/** What the kernel would say: the errno name. */
export class Errno extends Error {
  readonly code: string
  constructor(code: string) {
    super(code)
    this.code = code
  }
}

const nameBytesMax = 255
const pathBytesMax = 4095
const linksFollowedMax = 40

export interface Walked {
  readonly directory: DirectoryNode | undefined
  /** The last name of the path. */
  readonly name: string
  readonly node: Node | undefined
}

export interface WalkOptions {
  readonly isFollowed: boolean
  /** Told each name that is looked for. */
  readonly onLooked?: ((directory: DirectoryNode, name: string) => void) | undefined
}

/** Where a path leads. The last name need not be there, and is followed only if `isFollowed`. */
export const walk = (
  root: DirectoryNode,
  path: string,
  { isFollowed, onLooked }: WalkOptions
): Walked => {
  if (!path.startsWith("/") || path.includes("\0")) throw new Errno("EINVAL")
  if (isLonger(path, pathBytesMax)) throw new Errno("ENAMETOOLONG")
  let names = path.split("/")
  const parents: DirectoryNode[] = []
  let node: Node | undefined = root
  let last = ""
  let followed = 0
  for (let at = 0; at < names.length; at++) {
    const name = names[at] ?? ""
    if (name === "" || name === ".") continue
    if (isLonger(name, nameBytesMax)) throw new Errno("ENAMETOOLONG")
    if (node === undefined) throw new Errno("ENOENT")
    if (node.kind !== "directory") throw new Errno("ENOTDIR")
    last = name
    if (name === "..") {
      node = parents.pop() ?? root
      continue
    }
    onLooked?.(node, name)
    const child: Node | undefined = node.entries.get(name)
    if (child?.kind === "symlink" && (isFollowed || hasMore(names, at))) {
      if (++followed > linksFollowedMax) throw new Errno("ELOOP")
      names = [...child.target.split("/"), ...names.slice(at + 1)]
      at = -1
      if (child.target.startsWith("/")) {
        node = root
        parents.length = 0
      }
      continue
    }
    parents.push(node)
    node = child
  }
  return { directory: parents.at(-1), name: last, node }
}

const utf8 = new TextEncoder()

/** In bytes of UTF-8, of which a UTF-16 unit takes three at most. */
const isLonger = (text: string, bytesMax: number): boolean =>
  text.length > bytesMax || (text.length * 3 > bytesMax && utf8.encode(text).length > bytesMax)

/** Whether a name follows: what is before it must then be a directory. */
const hasMore = (names: readonly string[], at: number): boolean => {
  for (let next = at + 1; next < names.length; next++)
    if (names[next] !== "" && names[next] !== ".") return true
  return false
}

/** Whether `directory` is `node` or below it. */
export const contains = (node: Node, directory: DirectoryNode): boolean =>
  node === directory ||
  (node.kind === "directory" &&
    [...node.entries.values()].some((child) => contains(child, directory)))

/** The same tree in nodes of its own, all of it durable; content is shared: it never changes. */
export const copyTree = (node: Node, number: () => number): Node => {
  const own = { number: number() }
  if (node.kind === "file") return { ...node, ...own, durable: node.data, isForsaken: false }
  if (node.kind !== "directory") return { ...node, ...own }
  const entries = new Map<string, Node>()
  for (const [name, child] of node.entries) entries.set(name, copyTree(child, number))
  return { ...node, ...own, entries, durable: new Map(entries) }
}
