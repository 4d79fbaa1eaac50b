/**
 * What a definition says that Troupe does not act on: kept as it stands, so that writing loses
 * nothing and starting can refuse what would change the guest. Knows no XML syntax, only its
 * shape.
 */

/**
 * What is lost when a kept piece is not acted on: the guest's hardware, its protection, or
 * nothing.
 */
export type Consequence = "guest" | "security" | "none"

/** An XML element as data. Names carry their prefix as written, `xmlns` attributes included. */
export interface KeptElement {
  readonly name: string
  readonly attributes: readonly KeptAttribute[]
  readonly children: readonly (KeptElement | string)[]
}

export interface KeptAttribute {
  readonly name: string
  readonly value: string
}

/**
 * One kept piece and where it sits below its owner: `within` holds the element names in between.
 */
export type Kept = {
  readonly within: readonly string[]
  /** False when this version has never heard of it. */
  readonly isKnown: boolean
  readonly consequence: Consequence
} & (
  | { readonly what: "element"; readonly element: KeptElement }
  | { readonly what: "attribute"; readonly attribute: KeptAttribute }
)

/** A part of the model that has pieces of its own to keep. Absent means none. */
export interface Keeps {
  readonly kept?: readonly Kept[]
}

/** A kept piece with the path of its owner in the model, such as `devices[2].driver`. */
export interface KeptAt {
  readonly owner: string
  readonly kept: Kept
}

/** Everything kept anywhere in `part`, whole devices included, in the order of the model. */
export function keptIn(part: unknown, owner = ""): readonly KeptAt[] {
  if (Array.isArray(part)) return part.flatMap((item, index) => keptIn(item, `${owner}[${index}]`))
  if (typeof part !== "object" || part === null) return []
  if (isKeptDevice(part)) return [{ owner, kept: { ...part, within: [], what: "element" } }]
  return Object.entries(part).flatMap(([key, value]) => {
    if (key === "kept") return (value as readonly Kept[]).map((kept) => ({ owner, kept }))
    return keptIn(value, owner === "" ? key : `${owner}.${key}`)
  })
}

type KeptWhole = Pick<Kept, "isKnown" | "consequence"> & { readonly element: KeptElement }

const isKeptDevice = (part: object): part is KeptWhole => "kind" in part && part.kind === "kept"

/** The pieces that forbid a start, because the guest or its protection would differ. */
export function keptThatForbidsStart(part: unknown): readonly KeptAt[] {
  return keptIn(part).filter(({ kept }) => kept.consequence !== "none")
}
