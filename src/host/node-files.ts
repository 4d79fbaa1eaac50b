/**
 * Small files of /proc and /sys as text, numbers and lists. Every read is bounded, and a file that
 * is not there, or that says something else than it should, is `undefined`: a fact that nobody
 * knows. Never fails.
 */
import * as Effect from "effect/Effect"
import { Files } from "./files.ts"

/** /proc/cpuinfo and /proc/stat have about 2 KiB for each processor. */
const textBytesMax = 16 * 1024 * 1024

/** CPUs of one host: what fits into the 2,048 bytes of libvirt's map of them. */
export const cpusMax: number = 2048 * 8

/** NUMA cells of one host; Linux has 1,024 at most (NODES_SHIFT). */
export const cellsMax = 1024

export const readText = (path: string): Effect.Effect<string | undefined, never, Files> =>
  Effect.flatMap(Files, (files) => files.read(path, textBytesMax)).pipe(
    Effect.map((bytes) => new TextDecoder().decode(bytes)),
    Effect.catch(() => Effect.succeed(undefined))
  )

/** The text without white space around it; empty is unknown. */
export const readLine = (path: string): Effect.Effect<string | undefined, never, Files> =>
  Effect.map(readText(path), (text) => {
    const line = text?.trim()
    return line === "" ? undefined : line
  })

export const readNumber = (path: string): Effect.Effect<number | undefined, never, Files> =>
  Effect.map(readLine(path), numberIn)

/** A whole number that is not negative; anything else is unknown. */
export const numberIn = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const value = Number(text)
  return Number.isSafeInteger(value) ? value : undefined
}

export const listNames = (path: string): Effect.Effect<readonly string[], never, Files> =>
  Effect.flatMap(Files, (files) => files.list(path)).pipe(
    Effect.catch(() => Effect.succeed<readonly string[]>([]))
  )

/** `0-3,8` of sysfs, ascending; numbers from `bound` on are left out. */
export const numbersOf = (list: string | undefined, bound: number): readonly number[] => {
  const found = new Set<number>()
  for (const part of (list ?? "").trim().split(",")) {
    const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    if (from === undefined) continue
    const last = Math.min(Number(to), bound - 1)
    for (let number = Number(from); number <= last; number += 1) found.add(number)
  }
  return [...found].toSorted((left, right) => left - right)
}

/** The shortest list that `numbersOf` reads back: `0-3,8`. */
export const listOf = (numbers: readonly number[]): string => {
  const ranges: { readonly from: number; to: number }[] = []
  for (const number of numbers) {
    const last = ranges.at(-1)
    if (last !== undefined && number === last.to + 1) last.to = number
    else ranges.push({ from: number, to: number })
  }
  return ranges.map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`)).join(",")
}
