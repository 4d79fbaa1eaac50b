/**
 * The host's processor as /proc/cpuinfo tells of it: architecture, maker, model, clock and flags.
 * Reading apart from parsing, so that the parsing is pure.
 */
import * as Effect from "effect/Effect"
import { numberIn, readLine, readText } from "./node-files.ts"

export interface Processor {
  /** As libvirt and QEMU name it: `x86_64`, `i686`, `aarch64`; `unknown` otherwise. */
  readonly arch: string
  /** CPUID's: `GenuineIntel`, `AuthenticAMD`. */
  readonly vendor: string | undefined
  readonly family: number | undefined
  readonly model: number | undefined
  readonly stepping: number | undefined
  readonly microcode: number | undefined
  /** Rounded down; 0 when unknown, as libvirt has it. */
  readonly mhz: number
  readonly physicalAddressBits: number | undefined
  /** Linux' own names, which are not always QEMU's. */
  readonly flags: readonly string[]
}

/** The machine's name as uname(2) gives it, told by what its processors say. */
const archOf = (field: (name: string) => string | undefined, flags: readonly string[]): string => {
  if (field("vendor_id") !== undefined) return flags.includes("lm") ? "x86_64" : "i686"
  return field("CPU implementer") === undefined ? "unknown" : "aarch64"
}

/** Of the first processor: mixed ones have one clock and one set of flags for libvirt too. */
export const processorFrom = (cpuinfo: string, kernelArch?: string): Processor => {
  const [first = ""] = cpuinfo.split(/\n\s*\n/, 1)
  const fields = new Map(
    first.split("\n").map((row) => {
      const [name = "", ...value] = row.split(":")
      return [name.trim(), value.join(":").trim()] as const
    })
  )
  const field = (name: string): string | undefined => fields.get(name) || undefined
  const flags = (field("flags") ?? field("Features") ?? "").split(/\s+/).filter((one) => one !== "")
  const bits = /^(\d+) bits physical/.exec(field("address sizes") ?? "")?.[1]
  const microcode = Number(field("microcode"))
  return {
    arch: kernelArch ?? archOf(field, flags),
    vendor: field("vendor_id"),
    family: numberIn(field("cpu family")),
    model: numberIn(field("model")),
    stepping: numberIn(field("stepping")),
    microcode: Number.isSafeInteger(microcode) ? microcode : undefined,
    mhz: Math.floor(Number.parseFloat(field("cpu MHz") ?? "0")) || 0,
    physicalAddressBits: numberIn(bits),
    flags
  }
}

/** Linux 6.1 and later say what they run on; before, the flags tell. */
export const readProcessor = Effect.gen(function* () {
  const arch = yield* readLine("/proc/sys/kernel/arch")
  return processorFrom((yield* readText("/proc/cpuinfo")) ?? "", arch)
})
