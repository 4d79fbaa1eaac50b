/** Balloon, random numbers, watchdog, panic notifier, USB hub and redirection, IOMMU. */
import type {
  Hub,
  Iommu,
  Memballoon,
  Panic,
  Redirdev,
  Rng,
  Watchdog
} from "../../model/device/small.ts"
import { type Arg, device, type JsonObject, object } from "./arg.ts"
import { bootIndex } from "./boot-order.ts"
import { chardevArgs, chardevId } from "./chardev.ts"
import type { ArgvContext, DeviceArgs } from "./context.ts"
import { place } from "./place.ts"
import { virtioDriver, virtioOptions } from "./virtio.ts"

export const memballoonArgs: DeviceArgs<Memballoon> = (balloon, context) => {
  if (!balloon.model.startsWith("virtio")) return []
  return [
    device({
      ...virtioDriver("virtio-balloon", balloon.model, context),
      ...virtioOptions(balloon.driver),
      id: balloon.alias,
      "deflate-on-oom": balloon.autodeflate,
      "free-page-reporting": balloon.freePageReporting,
      ...place(balloon.address, context)
    })
  ]
}

const rngBackend = (rng: Rng, context: ArgvContext): readonly Arg[] => {
  const { alias = "", backend } = rng
  const id = `obj${alias}`
  switch (backend.type) {
    case "random":
      return [object({ "qom-type": "rng-random", id, filename: backend.path })]
    case "builtin":
      return [object({ "qom-type": "rng-builtin", id })]
    case "egd":
      return [
        ...chardevArgs(backend.chardev, { alias }, context),
        object({ "qom-type": "rng-egd", id, chardev: chardevId({ alias }) })
      ]
  }
}

const ratePeriodMs = 1000

export const rngArgs: DeviceArgs<Rng> = (rng, context) => [
  ...rngBackend(rng, context),
  device({
    ...virtioDriver("virtio-rng", rng.model, context),
    ...virtioOptions(rng.driver),
    rng: `obj${rng.alias}`,
    id: rng.alias,
    "max-bytes": rng.rate?.bytes,
    period: rng.rate === undefined ? undefined : (rng.rate.periodMs ?? ratePeriodMs),
    ...place(rng.address, context)
  })
]

/** A dump is made by us while the guest is paused. */
const watchdogActions: { readonly [A in Watchdog["action"]]: string } = {
  reset: "reset",
  shutdown: "shutdown",
  poweroff: "poweroff",
  pause: "pause",
  dump: "pause",
  none: "none",
  "inject-nmi": "inject-nmi"
}

export const watchdogArgs: DeviceArgs<Watchdog> = (watchdog, context) => [
  ...(watchdog.model === "itco"
    ? []
    : [
        device({
          driver: watchdog.model,
          id: watchdog.alias,
          ...place(watchdog.address, context)
        })
      ]),
  ["-watchdog-action", watchdogActions[watchdog.action]]
]

/** Hyper-V's notifier is a CPU feature. */
export const panicArgs: DeviceArgs<Panic> = ({ model, address }, context) => {
  if (model === "hyperv") return []
  const at: JsonObject = address?.type === "isa" ? { ioport: address.iobase } : {}
  if (model === "pvpanic") return [device({ driver: "pvpanic-pci", ...place(address, context) })]
  return [device({ driver: "pvpanic", ...at })]
}

export const hubArgs: DeviceArgs<Hub> = ({ alias, address }, context) => [
  device({ driver: "usb-hub", id: alias, ...place(address, context) })
]

export const redirdevArgs: DeviceArgs<Redirdev> = (redirdev, context) => {
  const { alias = "", source, address } = redirdev
  return [
    ...chardevArgs(source, { alias }, context),
    device({
      driver: "usb-redir",
      chardev: chardevId({ alias }),
      id: alias,
      bootindex: bootIndex(redirdev, context.domain),
      ...place(address, context)
    })
  ]
}

const onOff = (value: boolean | undefined): string | undefined => {
  if (value === undefined) return undefined
  return value ? "on" : "off"
}

/** Before every other device: what they do to memory goes through it. */
export const iommuArgs: DeviceArgs<Iommu> = ({ model, driver, alias, address }, context) => {
  if (model === "virtio") {
    return [device({ driver: "virtio-iommu-pci", id: alias, ...place(address, context) })]
  }
  return [
    device({
      driver: "intel-iommu",
      id: alias,
      intremap: onOff(driver?.intremap),
      "caching-mode": driver?.cachingMode,
      eim: onOff(driver?.eim),
      "device-iotlb": driver?.iotlb,
      "aw-bits": driver?.addressWidthBits
    })
  ]
}
