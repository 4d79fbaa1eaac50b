/**
 * Puts one mutant into the process that calls this: from then on the modules it changes are loaded
 * with its edits, before their types are stripped. To be called before anything of the engine is
 * imported. Files on disk are never touched.
 */
import { registerHooks } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { applied } from "./apply.ts"
import type { Mutant } from "./mutant.ts"

const root = join(import.meta.dirname, "../../..")

/** What was loaded changed, by file. A mutant of which nothing was loaded has shown nothing. */
export const putIn = (mutant: Mutant): ReadonlySet<string> => {
  const files = [...new Set(mutant.edits.map(({ file }) => file))]
  const byUrl = new Map(files.map((file) => [pathToFileURL(join(root, file)).href, file]))
  const loaded = new Set<string>()
  registerHooks({
    load: (url, context, nextLoad) => {
      const result = nextLoad(url, context)
      const file = byUrl.get(url)
      if (file === undefined) return result
      const { source } = result
      if (source === undefined || source === null) throw new Error(`${file} has no source`)
      const text = typeof source === "string" ? source : new TextDecoder().decode(source)
      loaded.add(file)
      return { ...result, source: applied(mutant, file, text) ?? text }
    }
  })
  return loaded
}
