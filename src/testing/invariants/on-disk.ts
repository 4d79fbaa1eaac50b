/** What stands on the simulated disk, read without the engine's help. */
import type { MemoryDisk } from "../host/disk.ts"
import { Errno } from "../host/node.ts"

/** Empty where there is no such directory. */
export const namesIn = (disk: MemoryDisk, path: string): readonly string[] => {
  try {
    return [...disk.directoryAt(path).entries.keys()]
  } catch (cause) {
    if (cause instanceof Errno) return []
    throw cause
  }
}

const decoder = new TextDecoder()

/** `undefined` where there is no file. */
export const textAt = (disk: MemoryDisk, path: string): string | undefined => {
  try {
    return decoder.decode(disk.fileAt(path).data)
  } catch (cause) {
    if (cause instanceof Errno) return undefined
    throw cause
  }
}

/** A definition by the words that a simulated client wrote. */
export interface DefinitionOnDisk {
  readonly file: string
  readonly uuid: string | undefined
  readonly name: string | undefined
  readonly title: string | undefined
  readonly isAutostart: boolean
}

const word = (text: string, element: string): string | undefined =>
  new RegExp(`<${element}>([^<]*)</${element}>`).exec(text)?.[1]

export const definitionsOn = (
  disk: MemoryDisk,
  places: { readonly definitions: string; readonly autostart: string }
): readonly DefinitionOnDisk[] => {
  const links = new Set(namesIn(disk, places.autostart))
  const files = namesIn(disk, places.definitions).filter((name) => /^[^.].*\.xml$/.test(name))
  return files.map((file) => {
    const text = textAt(disk, `${places.definitions}/${file}`) ?? ""
    // A text that was cut off tells nothing for certain.
    const isWhole = text.trimEnd().endsWith("</domain>")
    return {
      file,
      uuid: isWhole ? word(text, "uuid") : undefined,
      name: isWhole ? word(text, "name") : undefined,
      title: word(text, "title"),
      isAutostart: links.has(file)
    }
  })
}
