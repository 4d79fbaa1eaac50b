/**
 * What a power cut does to what was not synced: changes of names that are lost or kept as a whole,
 * and content that is lost, torn or kept. Who decides is a chooser.
 */
import type { DirectoryNode, FileNode, Node } from "./node.ts"

/** Gives a number from 0 to `n - 1`. 0 is always the worst for the data: lost. */
export type Choose = (n: number) => number

export const loseAll: Choose = () => 0

/** One name in one directory now means `node`, or nothing. */
export interface Naming {
  readonly directory: DirectoryNode
  readonly name: string
  readonly node: Node | undefined
}

/** Namings that reach the disk together or not at all: a rename is two. */
export type Change = readonly Naming[]

/** The change reaches the disk. */
export const settle = (change: Change): void => {
  for (const { directory, name, node } of change) {
    if (node === undefined) directory.durable.delete(name)
    else directory.durable.set(name, node)
  }
}

/** Content that was not synced: lost, cut short, zeroed, or kept. */
export const cutContent = (file: FileNode, choose: Choose): void => {
  const { data, durable } = file
  const half = data.slice(0, Math.floor(data.length / 2))
  const left = [durable, half, new Uint8Array(data.length), data][choose(4)] ?? durable
  file.durable = left
  file.data = left
}
