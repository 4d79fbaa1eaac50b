// Goal: docs/reference/config-keys.md says of each key what the table says.
// Method: the page is made from the table and compared with the file. `npx vitest run
// test/unit/config -u` writes it anew.
import { expect, test } from "vitest"
import type { AnyKey } from "../../../src/config/key.ts"
import { keyGroups, keys } from "../../../src/config/keys.ts"

const page = "../../../docs/reference/config-keys.md"

const code = (text: string): string => (text === "" ? "" : `\`${text}\``)

const formatDefault = (value: unknown): string => {
  if (typeof value === "boolean") return code(value ? "1" : "0")
  if (Array.isArray(value)) return code(value.length === 0 ? "[]" : value.join(" "))
  return code(String(value))
}

const row = ([key, { type, default: fallback, treatment, accepted }]: readonly [
  string,
  AnyKey
]) => {
  const others = treatment.kind === "refused" ? accepted.filter((one) => one !== fallback) : []
  const also = others.length > 0 ? `, ${others.map(formatDefault).join(", ")}` : ""
  const { kind, because } = treatment
  return `| \`${key}\` | ${type} | ${formatDefault(fallback)}${also} | ${kind} | ${because} |`
}

const group = ([title, rows]: readonly [string, { readonly [key: string]: AnyKey }]) => [
  `## ${title}`,
  "",
  "| key | value | default | treatment | why |",
  "| --- | --- | --- | --- | --- |",
  ...Object.entries(rows).map(row),
  ""
]

const text = [
  "# The keys of qemu.conf",
  "",
  "<!-- Made by test/unit/config/reference.test.ts from src/config/keys.ts. Do not edit. -->",
  "",
  "The file has libvirt's syntax and libvirt's keys (those of 9.0), so that an existing one works.",
  "Each key is treated in one of three ways, and none is ignored in silence:",
  "",
  "- **enforced**: Troupe does what it says.",
  "- **refused**: the values listed as default ask for what happens anyway. Any other makes the",
  "  whole file invalid, for a guest would be guarded less than the file says.",
  "- **inert**: taken with a warning; it has no effect.",
  "",
  "A key that is one or two letters off a known one is refused. One that is not known at all is",
  "named in a warning. Of a key that stands twice the first counts, as with libvirt, and the",
  "second is named.",
  "",
  ...Object.entries(keyGroups).flatMap(group)
].join("\n")

test("the reference page of the keys is fresh", async () => {
  await expect(text).toMatchFileSnapshot(page)
})

test("every key stands in one group", () => {
  const grouped = Object.values(keyGroups).flatMap((rows) => Object.keys(rows))
  expect(grouped.toSorted()).toEqual(Object.keys(keys).toSorted())
})
