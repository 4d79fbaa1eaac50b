/**
 * A `<cpu>` that a client sends for comparing: the guest's form, or the host's as it stands in
 * capabilities. Text to data; what it means is `cpu-compare.ts`'s.
 */
import * as Result from "effect/Result"
import { type Element, parseElement } from "../xml/element.ts"
import { XmlError } from "../xml/error.ts"

export interface CpuText {
  readonly mode: string | undefined
  readonly match: "minimum" | "exact" | "strict"
  readonly arch: string | undefined
  /** libvirt's name: `Intel`. */
  readonly vendor: string | undefined
  readonly model: string | undefined
  readonly features: readonly { readonly name: string; readonly policy: CpuPolicy }[]
}

/**
 * The richest processor has some 600 features, which are 40 kB. Whoever may only look may ask about
 * processors, and nobody else is served while a text is read.
 */
export const cpuTextLengthMax = 64 * 1024

/** Of all processors of one question. */
export const cpuTextsLengthMax = 512 * 1024

export type CpuPolicy = "force" | "require" | "optional" | "disable" | "forbid"

const policies: readonly CpuPolicy[] = ["force", "require", "optional", "disable", "forbid"]

const matches = ["minimum", "exact", "strict"] as const

const attributeOf = ({ attributes }: Element, name: string): string | undefined =>
  attributes.find((attribute) => attribute.name === name)?.value

const childrenOf = ({ children }: Element, name: string): readonly Element[] =>
  children.filter((child): child is Element => typeof child !== "string" && child.name === name)

const textOf = (element: Element | undefined): string | undefined => {
  const text = element?.children
    .filter((child) => typeof child === "string")
    .join("")
    .trim()
  return text === "" ? undefined : text
}

const invalid = ({ line, column }: Element, path: string, reason: string) =>
  new XmlError({ problem: "invalid", line, column, path, reason })

const tooLong = (length: number, most: number) =>
  new XmlError({
    problem: "tooLarge",
    line: 1,
    column: 1,
    path: "/cpu",
    reason: `${length} characters are more than the ${most} of a description`
  })

export const parseCpuText = (xml: string): Result.Result<CpuText, XmlError> =>
  Result.gen(function* () {
    if (xml.length > cpuTextLengthMax)
      return yield* Result.fail(tooLong(xml.length, cpuTextLengthMax))
    const root = yield* parseElement(xml)
    if (root.name !== "cpu") {
      const reason = `the root element is <${root.name}>, not <cpu>`
      return yield* Result.fail(invalid(root, "", reason))
    }
    const child = (name: string) => textOf(childrenOf(root, name)[0])
    const given = attributeOf(root, "match")
    const match = given === undefined ? "exact" : matches.find((one) => one === given)
    if (match === undefined) {
      return yield* Result.fail(invalid(root, "/cpu/@match", `there is no match '${given}'`))
    }
    const features: CpuText["features"][number][] = []
    for (const element of childrenOf(root, "feature")) {
      const name = attributeOf(element, "name")
      const written = attributeOf(element, "policy") ?? "require"
      const policy = policies.find((one) => one === written)
      if (name === undefined || policy === undefined) {
        const reason =
          name === undefined ? "a feature has no name" : `there is no policy '${written}'`
        return yield* Result.fail(invalid(element, "/cpu/feature", reason))
      }
      features.push({ name, policy })
    }
    const cpu: CpuText = {
      mode: attributeOf(root, "mode"),
      match,
      arch: child("arch"),
      vendor: child("vendor"),
      model: child("model"),
      features
    }
    return cpu
  })

/** All of them, or why one is none. */
export const parseCpuTexts = (
  xmls: readonly string[]
): Result.Result<readonly CpuText[], XmlError> => {
  const length = xmls.reduce((sum, xml) => sum + xml.length, 0)
  return length > cpuTextsLengthMax
    ? Result.fail(tooLong(length, cpuTextsLengthMax))
    : Result.all(xmls.map(parseCpuText))
}
