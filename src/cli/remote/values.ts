/** Values on their way from words to libvirt's numbers and back. Pure, but for what they refuse. */
import * as Effect from "effect/Effect"
import { bytesOfUnit, bytesPerKib } from "../../base/units.ts"
import type { remote_typed_param } from "../../rpc/protocol/types.ts"
import { BadInput } from "../failure.ts"

/** A size as virsh takes it: a number in `unit`, or with a unit of its own. In bytes. */
export const sizeBytes = (text: string, unit = "KiB"): Effect.Effect<bigint, BadInput> => {
  const parts = /^([0-9]{1,15})([A-Za-z]*)$/.exec(text)
  const scale = bytesOfUnit(parts?.[2] === undefined || parts[2] === "" ? unit : parts[2])
  return parts === null || scale === undefined
    ? Effect.fail(new BadInput({ message: `'${text}' is no size; 512MiB is one, or 2G` }))
    : Effect.succeed(BigInt(parts[1] ?? "0") * BigInt(scale))
}

/** Rounded up: who asks for so many bytes gets them. */
export const sizeKib = (text: string): Effect.Effect<bigint, BadInput> =>
  Effect.map(sizeBytes(text), (bytes) => (bytes + BigInt(bytesPerKib) - 1n) / BigInt(bytesPerKib))

/** Typed parameters as fields. */
export const fieldsOf = (
  params: readonly remote_typed_param[]
): Readonly<Record<string, unknown>> =>
  Object.fromEntries(params.map(({ field, value }) => [field, value.value]))

/** What one of libvirt's numbers means. */
export const named = (names: readonly string[], number: number): string =>
  names[number] ?? `number ${number}`

const entities: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;"
}

/** A text as it stands in XML. */
export const xmlText = (text: string): string =>
  text.replaceAll(/[&<>'"]/g, (character) => entities[character] ?? character)

/** In the largest unit that leaves a whole number before the point, for people. */
export const sizeText = (bytes: bigint): string => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const
  let value = Number(bytes)
  let at = 0
  while (value >= bytesPerKib && at < units.length - 1) {
    value /= bytesPerKib
    at += 1
  }
  return `${at === 0 ? value : value.toFixed(2)} ${units[at] ?? "B"}`
}
