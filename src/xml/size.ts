/** Sizes: a number as text, with the unit in an attribute beside it. Always written in KiB. */
import * as Result from "effect/Result"
import type { Sure } from "./describe.ts"
import { toKiB } from "./units.ts"

/** A size as the text of the element: `<memory unit='KiB'>1024</memory>`. */
export const sizeKiB: Sure<number> = sizeIn("KiB")

/** The same where silence about the unit means another one. */
export function sizeIn(silence: string): Sure<number> {
  return {
    read: (from) => {
      const unit = from.attribute("unit")?.value ?? silence
      return Result.mapError(toKiB(from.text(), unit), (why) =>
        from.refuse("invalid", `'${from.text().trim().slice(0, 80)}' ${why}`)
      )
    },
    write: (value, to) => {
      to.attribute("unit", "KiB")
      to.text(String(value))
    }
  }
}

/** A size in an attribute of that name, with the unit beside it. */
export function sizeAttributeKiB(name: string): Sure<number> {
  return {
    read: (from) => {
      const found = from.attribute(name)
      const unit = from.attribute("unit")?.value ?? "KiB"
      if (found === undefined) return Result.fail(from.refuse("missing", `there is no '${name}'`))
      return Result.mapError(toKiB(found.value, unit), (why) =>
        from.refuse("invalid", `attribute '${name}': '${found.value.slice(0, 80)}' ${why}`, found)
      )
    },
    write: (value, to) => {
      to.attribute(name, String(value))
      to.attribute("unit", "KiB")
    }
  }
}
