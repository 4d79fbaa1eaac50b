/**
 * What a disk in memory is made of, and how a path leads through it: links, `..`, and the kernel's
 * bounds and errors.
 */
import type { FileStat } from "../../../src/host/files.ts"

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
}

export interface DirectoryNode extends Attributes {
  readonly kind: "directory"
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

/** Where a path leads. The last name need not be there, and is followed only if `isFollowed`. */
export const walk = (root: DirectoryNode, path: string, isFollowed: boolean): Walked => {
  if (!path.startsWith("/") || path.includes("\0")) throw new Errno("EINVAL")
  if (Buffer.byteLength(path) > pathBytesMax) throw new Errno("ENAMETOOLONG")
  const names = path.split("/").filter((name) => name !== "" && name !== ".")
  const parents: DirectoryNode[] = []
  let node: Node | undefined = root
  let name = ""
  let followed = 0
  while (names.length > 0) {
    name = names.shift() ?? ""
    if (Buffer.byteLength(name) > nameBytesMax) throw new Errno("ENAMETOOLONG")
    if (node === undefined) throw new Errno("ENOENT")
    if (node.kind !== "directory") throw new Errno("ENOTDIR")
    if (name === "..") {
      node = parents.pop() ?? root
      continue
    }
    const child: Node | undefined = node.entries.get(name)
    if (child?.kind === "symlink" && (names.length > 0 || isFollowed)) {
      if (++followed > linksFollowedMax) throw new Errno("ELOOP")
      names.unshift(...child.target.split("/").filter((part) => part !== "" && part !== "."))
      if (child.target.startsWith("/")) {
        node = root
        parents.length = 0
      }
      continue
    }
    parents.push(node)
    node = child
  }
  return { directory: parents.at(-1), name, node }
}

/** Whether `directory` is `node` or below it. */
export const contains = (node: Node, directory: DirectoryNode): boolean =>
  node === directory ||
  (node.kind === "directory" &&
    [...node.entries.values()].some((child) => contains(child, directory)))
