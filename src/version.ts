/** Which version of the program this is: from the package that this file is of. */
import { existsSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

/** The same in the checkout and in the bundle. */
export const version = (): string => {
  for (let at = import.meta.dirname; at !== dirname(at); at = dirname(at)) {
    const path = join(at, "package.json")
    if (existsSync(path)) return String(JSON.parse(readFileSync(path, "utf8")).version)
  }
  return "unknown"
}
