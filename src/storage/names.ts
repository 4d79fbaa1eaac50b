/**
 * Names of files in a pool: which may be a volume's, and which are ours while a volume is made.
 * Nothing here can lead out of the folder.
 */
import { fileNameBytesMax } from "../base/limits.ts"
import { notXmlAt } from "../xml/text.ts"

const encoder = new TextEncoder()

/** Why this cannot be the name of a volume; `undefined` when it can. */
export const nameObjection = (name: string): string | undefined => {
  if (name === "") return "a volume has a name"
  if (name.includes("/") || name.includes("\0")) return "a name cannot contain '/' or NUL"
  // `.` and `..` lead elsewhere, and what else is hidden is not listed.
  if (name.startsWith(".")) return "a name cannot start with a dot"
  if (notXmlAt(name) >= 0 || name.includes("\n")) return "a name is one line that XML can hold"
  const bytes = encoder.encode(name).length
  return bytes > fileNameBytesMax ? `a name has at most ${fileNameBytesMax} bytes` : undefined
}

export const volumePath = (folder: string, name: string): string =>
  folder === "/" ? `/${name}` : `${folder}/${name}`

/** Folder and name of a path, doubled slashes passed over. `undefined` for what is not absolute. */
export const splitPath = (
  path: string
): { readonly folder: string; readonly name: string } | undefined => {
  if (!path.startsWith("/")) return undefined
  const parts = path.split("/").filter((part) => part !== "")
  const name = parts.at(-1)
  if (name === undefined || parts.includes("..") || parts.includes(".")) return undefined
  return { folder: `/${parts.slice(0, -1).join("/")}`, name }
}

/** Of the engine's root, so that two engines that share a folder leave each other's alone. */
export const temporaryName = (root: string, token: string): string =>
  `${prefixOf(root)}${token}.tmp`

const prefixOf = (root: string): string => `.troupe-${root.slice(0, 8)}-`

/** The job that makes this file; `undefined` for what is not ours. */
export const tokenOfTemporary = (root: string, name: string): string | undefined => {
  const prefix = prefixOf(root)
  const isOurs = name.startsWith(prefix) && name.endsWith(".tmp")
  return isOurs ? name.slice(prefix.length, -".tmp".length) : undefined
}
