/**
 * Which firmware a guest boots with: the image that its definition names, or the first of the
 * host's that has what the definition asks for. Also whose variables it starts with.
 */
import * as Result from "effect/Result"
import type { Domain } from "../../model/domain.ts"
import type { Loader, Nvram, Os } from "../../model/machine.ts"
import type { FirmwareDescriptor } from "../firmware.ts"
import { Conflict, Unavailable } from "../refusal.ts"
import type { CompleteContext, Step } from "./context.ts"

const conflict = (domain: Domain, reason: string) =>
  Result.fail(new Conflict({ domain: domain.name, element: "<os>", reason }))

/** What cannot be meant, whichever images the host has. */
const contradiction = ({ os }: Domain): string | undefined => {
  const { firmware, loader, nvram } = os
  if (firmware !== undefined && (loader?.path !== undefined || loader?.type !== undefined)) {
    return "a loader is named although the firmware is to be chosen"
  }
  if (firmware === "bios" && (nvram !== undefined || loader?.isStateless === false)) {
    return "a BIOS has no variables of its own"
  }
  if (firmware === undefined && loader?.type === "pflash" && loader.path === undefined) {
    return "the flash loader has no path, and no firmware is to be chosen"
  }
  return undefined
}

/** A read-only flash image keeps its variables in a file that is the guest's own. */
const ownVariables = ({ loader, nvram }: Os, path: string): Nvram | undefined => {
  const needsVariables =
    loader?.type === "pflash" && loader.isReadonly === true && loader.isStateless !== true
  return needsVariables && nvram?.path === undefined ? { ...nvram, path } : nvram
}

/** Variables of a guest that names its firmware itself. Part of the definition. */
export const variables: Step = (domain, { nvramDirectory }) => {
  const wrong = contradiction(domain)
  if (wrong !== undefined) return conflict(domain, wrong)
  const nvram = ownVariables(domain.os, `${nvramDirectory}/${domain.name}_VARS.fd`)
  return Result.succeed({
    ...domain,
    os: { ...domain.os, ...(nvram === undefined ? {} : { nvram }) }
  })
}

/** `*` in a machine pattern stands for any text. */
const matchesMachine = (pattern: string, machine: string): boolean => {
  const [head = "", ...rest] = pattern.split("*")
  if (rest.length === 0) return pattern === machine
  const tail = rest.at(-1) ?? ""
  return machine.startsWith(head) && machine.endsWith(tail)
}

const typeNames = { efi: "uefi", bios: "bios" } as const

/** Whether a firmware has what the definition asks for and lacks what it forbids. */
const fits = (domain: Domain, firmware: FirmwareDescriptor): boolean => {
  const { os, features } = domain
  const { machine = "", arch } = os
  const has = (feature: string) => firmware.features.includes(feature)
  const isOfType =
    os.firmware !== undefined && firmware["interface-types"].includes(typeNames[os.firmware])
  const isForBoard = firmware.targets.some(
    ({ architecture, machines }) =>
      architecture === arch && machines.some((pattern) => matchesMachine(pattern, machine))
  )
  const isAsked = os.firmwareFeatures.every(({ name, enabled }) => has(name) === enabled)
  const isSecure = os.loader?.isSecure
  const isAllowed = !has("requires-smm") || (features.smm?.state ?? true)
  const mode = firmware.mapping.mode ?? "split"
  const isStateless = mode === "stateless"
  return (
    isOfType &&
    isForBoard &&
    isAsked &&
    isAllowed &&
    (isSecure === undefined || has("secure-boot") === isSecure) &&
    mode !== "combined" &&
    isStateless === (os.loader?.isStateless ?? false) &&
    ["flash", "memory"].includes(firmware.mapping.device)
  )
}

const loaderOf = (given: Loader | undefined, firmware: FirmwareDescriptor): Loader | undefined => {
  const { device, executable, filename } = firmware.mapping
  if (device === "memory")
    return filename === undefined ? undefined : { type: "rom", path: filename }
  if (executable === undefined) return undefined
  return {
    ...given,
    type: "pflash",
    path: executable.filename,
    isReadonly: true,
    ...(firmware.features.includes("requires-smm") ? { isSecure: true } : {}),
    ...(executable.format === "qcow2" ? { format: "qcow2" as const } : {})
  }
}

const withFirmware = (
  domain: Domain,
  firmware: FirmwareDescriptor,
  { nvramDirectory }: CompleteContext
): Domain => {
  const loader = loaderOf(domain.os.loader, firmware)
  const withLoader: Os = { ...domain.os, ...(loader === undefined ? {} : { loader }) }
  const own = ownVariables(withLoader, `${nvramDirectory}/${domain.name}_VARS.fd`)
  const template = own?.template ?? firmware.mapping["nvram-template"]?.filename
  const nvram: Nvram | undefined =
    own === undefined ? undefined : { ...own, ...(template === undefined ? {} : { template }) }
  const needsSmm = firmware.features.includes("requires-smm")
  const { smm } = domain.features
  return {
    ...domain,
    os: { ...withLoader, ...(nvram === undefined ? {} : { nvram }) },
    features: needsSmm ? { ...domain.features, smm: { ...smm, state: true } } : domain.features
  }
}

/** The variables' template of an image that the definition names, where a descriptor knows it. */
const withTemplate = (domain: Domain, firmwares: readonly FirmwareDescriptor[]): Domain => {
  const { loader, nvram } = domain.os
  if (nvram?.path === undefined || nvram.template !== undefined) return domain
  const known = firmwares.find(({ mapping }) => mapping.executable?.filename === loader?.path)
  const template = known?.mapping["nvram-template"]?.filename
  return template === undefined
    ? domain
    : { ...domain, os: { ...domain.os, nvram: { ...nvram, template } } }
}

/** The image for this start: a definition keeps asking, so that a newer image is taken up. */
export const firmwareImage: Step = (domain, context) => {
  const { firmwares = [] } = context
  const { firmware } = domain.os
  if (firmware === undefined) return Result.succeed(withTemplate(domain, firmwares))
  const chosen = firmwares.find((one) => fits(domain, one))
  if (chosen !== undefined) return Result.succeed(withFirmware(domain, chosen, context))
  const reason = "no firmware of this host has what is asked for"
  const element = `<os firmware='${firmware}'>`
  return Result.fail(new Unavailable({ domain: domain.name, element, reason }))
}
