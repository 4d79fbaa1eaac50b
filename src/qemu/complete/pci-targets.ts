/** What PCI controllers are called in QEMU, and the numbers by which the guest tells them apart. */
import { devicesOf } from "../../model/device.ts"
import type { Controller } from "../../model/device/controller.ts"
import type { Domain } from "../../model/domain.ts"
import { type Capabilities, hasType } from "../capabilities.ts"

const modelNames: { readonly [model: string]: string } = {
  "pci-bridge": "pci-bridge",
  "dmi-to-pci-bridge": "i82801b11-bridge",
  "pcie-to-pci-bridge": "pcie-pci-bridge",
  "pcie-root-port": "pcie-root-port",
  "pcie-switch-upstream-port": "x3130-upstream",
  "pcie-switch-downstream-port": "xio3130-downstream",
  "pci-expander-bus": "pxb",
  "pcie-expander-bus": "pxb-pcie"
}

/** Before there was a root port of nobody's, there was one of Intel's. */
const usualName = (model: string, capabilities: Capabilities): string | undefined => {
  const isOld = model === "pcie-root-port" && !hasType(capabilities, "pcie-root-port")
  return isOld && hasType(capabilities, "ioh3420") ? "ioh3420" : modelNames[model]
}

const slotBits = 3
const expanderStride = 2
const busNumbers = 256

/** Expander buses number their buses downwards from the top, leaving one for a child each. */
const expanderNumber = (domain: Domain, controller: Controller): number => {
  const expanders = devicesOf(domain, "controller").filter((one) =>
    one.model?.endsWith("-expander-bus")
  )
  const given = expanders.flatMap((one) =>
    one.target?.busNr === undefined ? [] : [one.target.busNr]
  )
  const unnumbered = expanders.filter((one) => one.target?.busNr === undefined)
  const rank = unnumbered.findIndex((one) => one.index === controller.index)
  return Math.min(busNumbers, ...given) - expanderStride * (rank + 1)
}

/** A PCI controller with everything that its place decides. */
export const completeTargets = (
  controller: Controller,
  domain: Domain,
  capabilities: Capabilities
): Controller => {
  const { type, model = "", index = 0, address, target } = controller
  const modelName = controller.modelName ?? usualName(model, capabilities)
  if (type !== "pci" || modelName === undefined) return controller
  const named = { ...controller, modelName }
  const place = address?.type === "pci" ? address : undefined
  switch (model) {
    case "pci-bridge":
      return { ...named, target: { chassisNr: index, ...target } }
    case "pcie-root-port": {
      const port = ((place?.slot ?? 0) << slotBits) + (place?.function ?? 0)
      return { ...named, target: { chassis: index, port, ...target } }
    }
    case "pcie-switch-downstream-port":
      return { ...named, target: { chassis: index, port: place?.slot ?? 0, ...target } }
    case "pci-expander-bus":
    case "pcie-expander-bus":
      return { ...named, target: { busNr: expanderNumber(domain, controller), ...target } }
    default:
      return named
  }
}
