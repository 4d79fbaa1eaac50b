/** Sizes as libvirt spells them: a number with a unit beside it, counted in KiB here. */
import * as Result from "effect/Result"
import { bytesOfUnit } from "../base/units.ts"

const kibi = 1024n

/** A size in KiB, rounded up; `unit` is the one in force, KiB when none is written. */
export function toKiB(text: string, unit: string): Result.Result<number, string> {
  const size = bytesOfUnit(unit)
  if (size === undefined) return Result.fail(`has the unknown unit '${unit.slice(0, 20)}'`)
  if (!/^\d{1,20}$/.test(text.trim())) return Result.fail("is not a whole number")
  const sizeKiB = (BigInt(text.trim()) * BigInt(size) + kibi - 1n) / kibi
  if (sizeKiB > BigInt(Number.MAX_SAFE_INTEGER)) return Result.fail("is beyond any machine")
  return Result.succeed(Number(sizeKiB))
}
