/** What arbitrary devices are made of: texts, numbers, records, pieces to keep, places, names. */
import * as fc from "fast-check"
import type { Address } from "../../../src/model/address.ts"
import type { Kept, KeptElement } from "../../../src/model/kept.ts"
import { notXmlAt } from "../../../src/xml/text.ts"

export const anyText = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => notXmlAt(text) < 0)

/** Text that XML readers do not shorten at its ends. */
export const word = anyText.filter((text) => text.trim() === text && text !== "")

export const int = (max: number, min = 0) => fc.integer({ min, max })

/** A record whose prototype is that of a literal. */
export const plain = <A>(model: { readonly [K in keyof A]: fc.Arbitrary<A[K]> }) =>
  fc.record<A>(model, { noNullPrototype: true })

/** A record some of whose fields may be absent. */
export function partial<A extends object>(
  sure: { readonly [K in keyof A]?: fc.Arbitrary<A[K]> },
  maybe: { readonly [K in keyof A]?: fc.Arbitrary<A[K]> }
): fc.Arbitrary<A> {
  const options = { requiredKeys: Object.keys(sure) as never[], noNullPrototype: true }
  return fc.record({ ...sure, ...maybe } as object, options) as fc.Arbitrary<A>
}

const xmlName = fc.stringMatching(/^x-[a-z]{1,6}$/)

const keptAttributes = fc.uniqueArray(
  plain({ name: xmlName, value: fc.oneof(anyText, fc.constant("")) }),
  {
    selector: ({ name }) => name,
    maxLength: 3
  }
)

export const keptElement: fc.Arbitrary<KeptElement> = fc.letrec<{ element: KeptElement }>(
  (tie) => ({
    element: plain({
      name: xmlName,
      attributes: keptAttributes,
      children: fc.oneof(
        { depthSize: "small" },
        fc.constant([]),
        anyText.map((text) => [text]),
        fc.array(tie("element"), { maxLength: 3 }),
        fc.tuple(word, tie("element"), word)
      )
    })
  })
).element

/** Pieces that no description knows, in the order in which reading finds them. */
const kept: fc.Arbitrary<readonly Kept[]> = fc
  .tuple(keptAttributes, fc.array(keptElement, { maxLength: 2 }))
  .filter(([attributes, elements]) => attributes.length + elements.length > 0)
  .map(([attributes, elements]) => {
    const common = { within: [], isKnown: false, consequence: "none" as const }
    return [
      ...attributes.map((attribute) => ({ ...common, what: "attribute" as const, attribute })),
      ...elements.map((element) => ({ ...common, what: "element" as const, element }))
    ]
  })

/** The same values, some of them with pieces to keep. */
export function keeping<A extends object>(arbitrary: fc.Arbitrary<A>): fc.Arbitrary<A> {
  const loaded = fc.tuple(arbitrary, kept).map(([value, kept]) => ({ ...value, kept }))
  return fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: loaded })
}

const address: fc.Arbitrary<Address> = fc.oneof(
  partial<Extract<Address, { type: "pci" }>>(
    {
      type: fc.constant("pci"),
      domain: int(0xffff),
      bus: int(0xff),
      slot: int(0x1f),
      function: int(7)
    },
    { multifunction: fc.boolean() }
  ),
  plain({
    type: fc.constant("drive" as const),
    controller: int(9),
    bus: int(1),
    target: int(7),
    unit: int(15)
  }),
  plain({
    type: fc.constant("usb" as const),
    bus: int(3),
    port: fc.constantFrom("1", "1.2.3")
  }),
  plain({ type: fc.constant("isa" as const), iobase: int(0xffff) }),
  fc.constant({ type: "unassigned" as const })
)

export const info = { alias: fc.stringMatching(/^(ua-)?[a-z]{1,8}$/), address: keeping(address) }
export const boot = { boot: plain({ order: int(99, 1) }) }
