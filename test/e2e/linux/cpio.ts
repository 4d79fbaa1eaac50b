/**
 * An archive in the "newc" form that Linux unpacks as its initial file system (the kernel's
 * Documentation/driver-api/early-userspace/buffer-format.rst). Pure: entries in, bytes out.
 */

export interface CpioEntry {
  /** Without a leading slash. Folders stand before what is in them. */
  readonly path: string
  readonly kind: "folder" | "file" | "link"
  /** A file's bytes; for a link the path that it leads to. */
  readonly content?: Uint8Array
  /** Permission bits; by default 755. */
  readonly mode?: number
}

const typeBits = { folder: 0o040000, file: 0o100000, link: 0o120000 } as const

const hex = (value: number): string => value.toString(16).padStart(8, "0")

/** Zeros up to the next multiple of four. */
const padding = (length: number): Uint8Array => new Uint8Array((4 - (length % 4)) % 4)

function record(entry: CpioEntry, inode: number): readonly Uint8Array[] {
  const content = entry.content ?? new Uint8Array()
  const name = new TextEncoder().encode(`${entry.path}\0`)
  const mode = typeBits[entry.kind] | (entry.mode ?? 0o755)
  const links = entry.kind === "folder" ? 2 : 1
  const [owner, time, device, check] = [[0, 0], 0, [0, 0, 0, 0], 0]
  const numbers = [inode, mode, owner, links, time, content.length, device, name.length, check]
  const header = new TextEncoder().encode(`070701${numbers.flat().map(hex).join("")}`)
  const head = header.length + name.length
  return [header, name, padding(head), content, padding(content.length)]
}

/**
 * The archive, ended by its trailer. Owner root, time zero: the same entries give the same bytes.
 */
export function cpio(entries: readonly CpioEntry[]): Uint8Array {
  const trailer: CpioEntry = { path: "TRAILER!!!", kind: "file", mode: 0 }
  return Buffer.concat([...entries, trailer].flatMap((entry, at) => record(entry, at + 1)))
}
