/** What a disk in memory holds, path by path, for counting and comparing. */
import type { DirectoryNode } from "./node.ts"

/** Every path, directories before what is in them. */
export const pathsOf = (root: DirectoryNode): readonly string[] => {
  const found: string[] = []
  const visit = (directory: DirectoryNode, prefix: string): void => {
    for (const name of [...directory.entries.keys()].toSorted()) {
      const path = `${prefix}/${name}`
      found.push(path)
      const node = directory.entries.get(name)
      if (node?.kind === "directory") visit(node, path)
    }
  }
  visit(root, "")
  return found
}

/** Every path with its content: links as `-> target`, directories as `/`. */
export const treeOf = (root: DirectoryNode): { readonly [path: string]: string } => {
  const found: { [path: string]: string } = {}
  const visit = (directory: DirectoryNode, prefix: string): void => {
    for (const [name, node] of [...directory.entries].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
      const path = `${prefix}/${name}`
      if (node.kind === "directory") {
        found[path] = "/"
        visit(node, path)
      } else if (node.kind === "symlink") found[path] = `-> ${node.target}`
      else found[path] = node.kind === "file" ? new TextDecoder().decode(node.data) : node.kind
    }
  }
  visit(root, "")
  return found
}
