/** What the XML of pools and of volumes has in common: sizes in bytes, permissions, formats. */
import * as Result from "effect/Result"
import { bytesOfUnit } from "../base/units.ts"
import type { Keeps } from "../model/kept.ts"
import type { Permissions } from "../model/storage.ts"
import { type Codec, integer, string } from "./codec.ts"
import { fields, inside, type Part, readWhole, type Sure, text } from "./describe.ts"
import { parseElement } from "./element.ts"
import { XmlError } from "./error.ts"
import { Reading, type Report } from "./reading.ts"
import type { WriteContext } from "./writing.ts"

/** What pools and volumes say does not depend on who runs, and there are no secrets in it. */
export const storageContext: WriteContext = { kind: "inactive", withSecrets: true }

const bytesIn = (value: string, unit: string): Result.Result<number, string> => {
  const size = bytesOfUnit(unit)
  if (size === undefined) return Result.fail(`has the unknown unit '${unit.slice(0, 20)}'`)
  if (!/^\d{1,20}$/.test(value.trim())) return Result.fail("is not a whole number")
  const bytes = BigInt(value.trim()) * BigInt(size)
  const isFitting = bytes <= BigInt(Number.MAX_SAFE_INTEGER)
  return isFitting ? Result.succeed(Number(bytes)) : Result.fail("is beyond any file")
}

/** The text of the element `name`, with the unit beside it; empty says nothing. */
export const sizeBytes = (name: string, spelled = "bytes"): Part<number> => ({
  read: (from) => {
    const element = from.inside(name)
    if (element === undefined) return Result.succeed(undefined)
    const value = element.text()
    const unit = element.attribute("unit")?.value ?? "bytes"
    if (value.trim() === "") return Result.succeed(undefined)
    return Result.mapError(bytesIn(value, unit), (why) =>
      element.refuse("invalid", `'${value.trim().slice(0, 80)}' ${why}`)
    )
  },
  write: (value, to) => {
    const element = to.inside(name)
    element.attribute("unit", spelled)
    element.text(String(value))
  }
})

const octalMode: Codec<number> = {
  decode: (value) =>
    /^[0-7]{1,5}$/.test(value.trim()) && Number.parseInt(value, 8) <= 0o7777
      ? Result.succeed(Number.parseInt(value, 8))
      : Result.fail("is not an octal mode"),
  encode: (mode) => `0${mode.toString(8).padStart(3, "0")}`
}

/** -1 leaves the owner as it comes; the largest number means the same to chown(2). */
const unset = -1
const accountMax = 2 ** 32 - 2

const account = (name: string): Part<number> => {
  const part = inside(name, text(integer({ min: unset, max: accountMax })))
  return {
    read: (from) => Result.map(part.read(from), (value) => (value === unset ? undefined : value)),
    write: part.write
  }
}

export const permissions: Sure<Permissions> = fields<Permissions>({
  mode: inside("mode", text(octalMode)),
  owner: account("owner"),
  group: account("group"),
  label: inside("label", text(string))
})

export interface ReadDocument<A> {
  readonly value: A
  readonly reports: readonly Report[]
}

/** A whole document with that root. */
export function readDocument<A extends Keeps>(
  xml: string,
  root: string,
  part: Sure<A>
): Result.Result<ReadDocument<A>, XmlError> {
  const parsed = parseElement(xml)
  if (Result.isFailure(parsed)) return Result.fail(parsed.failure)
  const element = parsed.success
  const reports: Report[] = []
  const reading = new Reading(element, `/${root}`, {
    kind: "inactive",
    purpose: "define",
    reports
  })
  if (element.name !== root) {
    const reason = `the root element is <${element.name.slice(0, 80)}>, not <${root}>`
    return Result.fail(reading.refuse("invalid", reason))
  }
  return Result.map(readWhole(part, reading), (value) => ({ value, reports }))
}
