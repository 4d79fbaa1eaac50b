/** A processor that several hosts have in common, as the `<cpu>` of a definition. Writes only. */
import { element, leaf } from "./capabilities-element.ts"
import { writeElement } from "./write.ts"

export interface BaselineText {
  readonly model: string
  readonly vendor: string | undefined
  readonly features: readonly { readonly name: string; readonly policy: string }[]
}

export const baselineXml = ({ model, vendor, features }: BaselineText): string =>
  `${writeElement(
    element("cpu", { mode: "custom", match: "exact" }, [
      leaf("model", model, { fallback: "forbid" }),
      ...(vendor === undefined ? [] : [leaf("vendor", vendor)]),
      ...features.map(({ name, policy }) => element("feature", { policy, name }))
    ])
  )}\n`
