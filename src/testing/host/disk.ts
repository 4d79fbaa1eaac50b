/**
 * A disk in memory with the two lives that a real one has: what processes see at once, and what a
 * power cut leaves. Content is durable once its file was synced, a name once its directory was;
 * everything else is lost, kept, or torn, as a chooser decides; what is in a volatile file system
 * is always lost. Synchronous and deterministic; knows no Effect.
 */
import { type Change, type Choose, cutContent, loseAll, settle } from "./durability.ts"
import type { Touch } from "../../kernel/dispatcher.ts"
import { pathsOf, treeOf } from "./tree.ts"
import {
  type Attributes,
  contains,
  copyTree,
  type DirectoryNode,
  Errno,
  type FileNode,
  type LinkNode,
  type Node,
  type SpecialNode,
  type Walked,
  walk
} from "./node.ts"

export { type Choose, loseAll } from "./durability.ts"

const empty = new Uint8Array()

const contentOf = ({ number }: Node): string => `node ${number}`

/** All names in a directory, together. */
export const namesIn = ({ number }: DirectoryNode): string => `names ${number}`

export class MemoryDisk {
  /** Bytes of file content that fit. */
  capacityBytes = Number.POSITIVE_INFINITY
  isReadOnly = false
  /** Told what is looked at and what is changed, where somebody wants to know. */
  touch: Touch | undefined
  readonly #now: () => number
  #count = 0
  readonly root: DirectoryNode
  /** Namings that no sync has made durable, oldest first. */
  #pending: Change[] = []
  readonly #watchers = new Set<{ readonly path: string; readonly changed: () => void }>()

  constructor(now: () => number = () => 0) {
    this.#now = now
    this.root = this.#directory(0o755, false)
  }

  // Looking

  /** The node at `path`; a symbolic link itself unless `isFollowed`. */
  node(path: string, isFollowed = false): Node {
    const found = this.#walk(path, isFollowed).node
    if (found === undefined) throw new Errno("ENOENT")
    this.touch?.(contentOf(found), false)
    return found
  }

  fileAt(path: string): FileNode {
    const node = this.node(path, true)
    if (node.kind === "directory") throw new Errno("EISDIR")
    if (node.kind !== "file") throw new Errno("ENXIO")
    return node
  }

  directoryAt(path: string): DirectoryNode {
    const node = this.node(path, true)
    if (node.kind !== "directory") throw new Errno("ENOTDIR")
    return node
  }

  data(file: FileNode): Uint8Array {
    this.touch?.(contentOf(file), false)
    return file.data
  }

  /** Of what is in a directory, in order. */
  names(path: string): readonly string[] {
    const directory = this.directoryAt(path)
    this.touch?.(namesIn(directory))
    return [...directory.entries.keys()].toSorted()
  }

  /** `false` too where a directory on the way is missing. */
  has(path: string): boolean {
    try {
      return this.#walk(path, false).node !== undefined
    } catch (cause) {
      if (cause instanceof Errno && (cause.code === "ENOENT" || cause.code === "ENOTDIR"))
        return false
      throw cause
    }
  }

  usedBytes(): number {
    return this.#nodes().reduce(
      (sum, node) => sum + (node.kind === "file" ? node.data.length : 0),
      0
    )
  }

  /** Whether the path lies in a file system that lives in memory only. */
  isVolatile(path: string): boolean {
    const { directory, node } = this.#walk(path, false)
    return (node?.kind === "directory" ? node : directory)?.isVolatile === true
  }

  /** Every path, directories before what is in them. */
  paths(): readonly string[] {
    return pathsOf(this.root)
  }

  /** Every path with its content: links as `-> target`, directories as `/`. */
  tree(): { readonly [path: string]: string } {
    return treeOf(this.root)
  }

  // Changing what is seen

  createFile(path: string, mode: number, isExclusive: boolean): FileNode {
    const { directory, name, node } = this.#place(path)
    if (node !== undefined && isExclusive) throw new Errno("EEXIST")
    if (node?.kind === "symlink") throw new Errno("ELOOP")
    if (node?.kind === "directory") throw new Errno("EISDIR")
    if (node !== undefined && node.kind !== "file") throw new Errno("ENXIO")
    this.#mayWrite()
    if (node !== undefined) return node
    const file: FileNode = {
      ...this.#attributes(mode),
      kind: "file",
      data: empty,
      durable: empty,
      isForsaken: false
    }
    this.#name(path, [{ directory, name, node: file }])
    return file
  }

  /** Writes as much as fits, and fails after it. `limit` cuts it short, as a failing disk does. */
  write(file: FileNode, bytes: Uint8Array, { at = 0, limit = bytes.length } = {}): void {
    this.#mayWrite()
    // Counting takes a walk over the whole disk, and only a disk with an end needs it.
    const isBounded = this.capacityBytes !== Number.POSITIVE_INFINITY
    const room = isBounded ? this.capacityBytes - this.usedBytes() : this.capacityBytes
    const growth = Math.max(0, at + bytes.length - file.data.length)
    const fitting = growth <= room ? bytes.length : Math.max(0, bytes.length - (growth - room))
    const written = Math.min(fitting, limit)
    const data = new Uint8Array(Math.max(file.data.length, at + written))
    data.set(file.data)
    data.set(bytes.subarray(0, written), at)
    this.#setData(file, data)
    if (written < bytes.length && limit >= bytes.length) throw new Errno("ENOSPC")
  }

  truncate(file: FileNode, size: number): void {
    this.#mayWrite()
    const data = new Uint8Array(size)
    data.set(file.data.subarray(0, size))
    this.#setData(file, data)
  }

  makeDirectory(path: string, mode: number): void {
    const { directory, name, node } = this.#place(path)
    if (node !== undefined) throw new Errno("EEXIST")
    this.#mayWrite()
    const made = this.#directory(mode, directory.isVolatile)
    this.#name(path, [{ directory, name, node: made }])
  }

  /** Makes the directory, and those above it, where they are missing. */
  makeDirectories(path: string, mode = 0o755): void {
    const parts = path.split("/").filter((part) => part !== "")
    parts.reduce((above, part) => {
      const at = `${above}/${part}`
      if (!this.has(at)) this.makeDirectory(at, mode)
      return at
    }, "")
  }

  /** Puts a file system there that lives in memory only (tmpfs). */
  mountVolatile(path: string, mode = 0o755): void {
    const { directory, name } = this.#place(path)
    this.#name(path, [{ directory, name, node: this.#directory(mode, true) }])
  }

  symlink(target: string, path: string): void {
    const { directory, name, node } = this.#place(path)
    if (node !== undefined) throw new Errno("EEXIST")
    this.#mayWrite()
    const link: LinkNode = { ...this.#attributes(0o777), kind: "symlink", target }
    this.#name(path, [{ directory, name, node: link }])
  }

  /** Puts a copy of a tree of another disk there, durable as if it had always stood there. */
  graft(path: string, tree: Node): void {
    const { directory, name } = this.#place(path)
    const copy = copyTree(tree, () => ++this.#count)
    directory.entries.set(name, copy)
    directory.durable.set(name, copy)
  }

  /** Puts a socket, device or pipe there, as other programs do. */
  special(path: string, kind: SpecialNode["kind"]): void {
    const { directory, name } = this.#place(path)
    this.#name(path, [{ directory, name, node: { ...this.#attributes(0o600), kind } }])
  }

  unlink(path: string): void {
    const { directory, name, node } = this.#place(path)
    if (node === undefined) throw new Errno("ENOENT")
    if (node.kind === "directory") throw new Errno("EISDIR")
    this.#mayWrite()
    this.#name(path, [{ directory, name, node: undefined }])
  }

  removeDirectory(path: string): void {
    const { directory, name, node } = this.#place(path)
    if (node === undefined) throw new Errno("ENOENT")
    if (node.kind !== "directory") throw new Errno("ENOTDIR")
    this.touch?.(namesIn(node))
    if (node.entries.size > 0) throw new Errno("ENOTEMPTY")
    this.#mayWrite()
    this.#name(path, [{ directory, name, node: undefined }])
  }

  rename(from: string, to: string): void {
    // The kernel's order: both parents, then the old name, then the new one.
    for (const path of [from, to]) this.directoryAt(path.slice(0, path.lastIndexOf("/")) || "/")
    const old = this.#place(from)
    if (old.node === undefined) throw new Errno("ENOENT")
    const target = this.#place(to)
    if (old.directory.isVolatile !== target.directory.isVolatile) throw new Errno("EXDEV")
    if (contains(old.node, target.directory)) throw new Errno("EINVAL")
    if (target.node !== undefined && contains(target.node, old.directory))
      throw new Errno("ENOTEMPTY")
    if (target.node?.kind === "directory" && old.node.kind !== "directory")
      throw new Errno("EISDIR")
    if (target.node?.kind === "directory" && target.node.entries.size > 0)
      throw new Errno("ENOTEMPTY")
    if (
      target.node !== undefined &&
      old.node.kind === "directory" &&
      target.node.kind !== "directory"
    )
      throw new Errno("ENOTDIR")
    this.#mayWrite()
    if (old.node === target.node) return
    this.#name(to, [
      { directory: old.directory, name: old.name, node: undefined },
      { directory: target.directory, name: target.name, node: old.node }
    ])
    this.#notify(from)
  }

  /** Follows links, as chmod does. */
  chmod(path: string, mode: number): void {
    const node = this.node(path, true)
    this.touch?.(contentOf(node))
    this.#mayWrite()
    node.mode = mode
  }

  /** Follows none, as the service says. */
  chown(path: string, uid: number, gid: number): void {
    const node = this.node(path)
    this.touch?.(contentOf(node))
    this.#mayWrite()
    Object.assign(node, { uid, gid })
  }

  // Durability

  /** The content reaches the disk, unless an earlier sync has failed and forsaken it. */
  sync(file: FileNode): void {
    if (!file.isForsaken) file.durable = file.data
  }

  /** A sync that fails: the kernel drops what it could not write and forgets that it did. */
  failSync(file: FileNode): void {
    file.isForsaken = file.durable !== file.data
  }

  /** The names in the directory reach the disk. */
  syncDirectory(directory: DirectoryNode): void {
    const isHere = (change: Change) => change.some((naming) => naming.directory === directory)
    if (!this.#pending.some(isHere)) return
    for (const change of this.#pending) if (isHere(change)) settle(change)
    this.#pending = this.#pending.filter((change) => !isHere(change))
  }

  /** Everything reaches the disk, as before an orderly end. */
  syncAll(): void {
    for (const change of this.#pending) settle(change)
    this.#pending = []
    for (const node of this.#nodes()) if (node.kind === "file") this.sync(node)
  }

  /**
   * The power fails and comes back. Each unsynced change of names is lost or kept by itself, as no
   * order is promised between them; unsynced content is lost, cut short, zeroed, or kept.
   */
  powerCut(choose: Choose = loseAll): void {
    for (const change of this.#pending) if (choose(2) === 1) settle(change)
    this.#pending = []
    for (const node of this.#nodes()) {
      if (node.kind === "file" && node.durable !== node.data) cutContent(node, choose)
      if (node.kind === "directory") node.entries = new Map(node.durable)
      if (node.kind === "file") node.isForsaken = false
    }
    this.#watchers.clear()
  }

  watch(path: string, changed: () => void): () => void {
    this.touch?.(undefined)
    const watcher = { path, changed }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  // Inside

  #mayWrite(): void {
    if (this.isReadOnly) throw new Errno("EROFS")
  }

  #setData(file: FileNode, data: Uint8Array): void {
    this.touch?.(contentOf(file))
    file.data = data
    file.mtimeMs = this.#now()
    for (const { path, changed } of this.#watchers)
      if (this.has(path) && this.node(path, true) === file) changed()
  }

  #name(path: string, change: Change): void {
    for (const { directory, name, node } of change) {
      this.touch?.(`${directory.number}/${name}`)
      // Those who change different names commute; whoever sees all of them is the one who tells
      // that it changes them.
      this.touch?.(namesIn(directory), false)
      if (node === undefined) directory.entries.delete(name)
      else directory.entries.set(name, node)
      directory.mtimeMs = this.#now()
    }
    if (!change.some(({ directory }) => directory.isVolatile)) this.#pending.push(change)
    this.#notify(path)
  }

  #notify(path: string): void {
    const parent = path.slice(0, path.lastIndexOf("/"))
    for (const watcher of this.#watchers)
      if (watcher.path === path || watcher.path === parent) watcher.changed()
  }

  #attributes(mode: number): Attributes {
    return { number: ++this.#count, mode, uid: 0, gid: 0, mtimeMs: this.#now() }
  }

  #directory(mode: number, isVolatile: boolean): DirectoryNode {
    return {
      ...this.#attributes(mode),
      kind: "directory",
      isVolatile,
      entries: new Map(),
      durable: new Map()
    }
  }

  /** All nodes that are seen or durable, in the order they were made. */
  #nodes(): readonly Node[] {
    const found = new Set<Node>()
    const visit = (node: Node): void => {
      if (found.has(node)) return
      found.add(node)
      if (node.kind !== "directory") return
      for (const child of [...node.entries.values(), ...node.durable.values()]) visit(child)
    }
    visit(this.root)
    return [...found].toSorted((a, b) => a.number - b.number)
  }

  /** Each name on the way is looked at. */
  #walk(path: string, isFollowed: boolean): Walked {
    const { touch } = this
    const onLooked =
      touch &&
      ((directory: DirectoryNode, name: string) => touch(`${directory.number}/${name}`, false))
    return walk(this.root, path, { isFollowed, onLooked })
  }

  #place(path: string): Walked & { readonly directory: DirectoryNode } {
    const { directory, name, node } = this.#walk(path, false)
    if (directory === undefined) throw new Errno("EBUSY")
    return { directory, name, node }
  }
}
