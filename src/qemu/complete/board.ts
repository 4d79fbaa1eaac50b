/**
 * The board and its processors: canonical machine, architecture, CPU, boot order.
 */
import * as Result from "effect/Result"
import type { Cpu } from "../../model/cpu.ts"
import type { Domain } from "../../model/domain.ts"
import { archsOf, hasProperty } from "../capabilities.ts"
import { Conflict } from "../refusal.ts"
import { always, type CompleteContext, type Step } from "./context.ts"

/** `pc` becomes `pc-i440fx-N.M`, so that a guest keeps its board when QEMU is updated. */
export const machine = always((domain, { machine, capabilities }) => ({
  ...domain,
  os: { ...domain.os, arch: domain.os.arch ?? archsOf(capabilities)[0], machine: machine.name }
}))

const typeSuffix = /-(x86_64|i386)-cpu$/

/** The board's own CPU; a binary that does not tell it leaves the choice to itself. */
const defaultCpu = ({ machine }: CompleteContext): Cpu | undefined =>
  machine.defaultCpuType === undefined
    ? undefined
    : {
        mode: "custom",
        match: "exact",
        check: "none",
        model: { name: machine.defaultCpuType.replace(typeSuffix, ""), fallback: "forbid" },
        features: []
      }

/** A CPU without a model is the board's own, for KVM and TCG alike. */
export const cpu = always((domain, context) => {
  const given = domain.cpu
  const own = defaultCpu(context)
  if (given === undefined) return own === undefined ? domain : { ...domain, cpu: own }
  return { ...domain, cpu: completeCpu(given, domain, context) }
})

const customCpu = (given: Cpu, domain: Domain, context: CompleteContext): Cpu => {
  if (given.model?.name === undefined) {
    const own = defaultCpu(context)
    if (own === undefined) return given
    return { ...given, ...own, features: given.features, model: { ...given.model, ...own.model } }
  }
  // Under TCG every model can be emulated, so that nothing has to be compared with the host.
  const check = given.check ?? (domain.type === "qemu" ? "none" : "partial")
  const model = { fallback: "allow" as const, ...given.model }
  return { ...given, mode: "custom", match: given.match ?? "exact", check, model }
}

const completeCpu = (given: Cpu, domain: Domain, context: CompleteContext): Cpu => {
  const mode = given.mode ?? "custom"
  if (mode === "custom") return customCpu(given, domain, context)
  if (mode === "host-model") return { ...given, check: given.check ?? "partial" }
  const canMigrate = hasProperty(context.capabilities, "max-x86_64-cpu", "migratable")
  return {
    ...given,
    check: given.check ?? "none",
    ...(canMigrate && given.migratable === undefined ? { migratable: true } : {})
  }
}

const hasDeviceOrder = (domain: Domain): boolean =>
  domain.devices.some((device) => "boot" in device && device.boot !== undefined)

export const boot: Step = (domain) => {
  const isOrdered = hasDeviceOrder(domain)
  if (isOrdered && domain.os.boot.length > 0) {
    const reason = "a boot order of the machine excludes one at its devices"
    return Result.fail(new Conflict({ domain: domain.name, element: "<os><boot>", reason }))
  }
  if (isOrdered || domain.os.boot.length > 0) return Result.succeed(domain)
  return Result.succeed({ ...domain, os: { ...domain.os, boot: ["hd"] } })
}

export const generationId = always((domain, { generationId }) =>
  domain.genid === "generate" && generationId !== undefined
    ? { ...domain, genid: generationId }
    : domain
)
