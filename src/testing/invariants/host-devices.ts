/**
 * The PCI functions of the simulated host from all sides: which driver the kernel has each with,
 * what the engine's pool says of it, and what is remembered of it on the disk. And what excuses one
 * that is not where it belongs.
 */
import * as Result from "effect/Result"
import type { DeviceEntry } from "../../../actors/host-device-pool.ts"
import { isObject, parseJson } from "../../qmp/json.ts"
import type { ApiCall } from "../history/api-call.ts"
import type { Operation } from "../history/operation.ts"
import type { PciStanding } from "../host/pci-kernel.ts"
import { ownDevices } from "../simulation/host-devices.ts"
import { simulatedRoot } from "../simulation/lives.ts"
import type { View } from "../simulation/view.ts"
import { errnoFaults } from "./errno-faults.ts"
import { namesIn, textAt } from "./on-disk.ts"

/** The parts of a record that laws are about. */
export interface DeviceRecord {
  readonly original: string
  readonly isDetached: boolean
}

export interface DeviceSeen extends PciStanding {
  readonly record: DeviceRecord | undefined
  /** One without is the host's. */
  readonly entry: DeviceEntry | undefined
}

export const vfio = "vfio-pci"

const folder = `${simulatedRoot}/run/hostdevs`

/** Whether a delivery may have changed what is remembered, or which driver something has. */
export const concernsDevices = (label: string): boolean =>
  label.includes("/hostdevs/") ||
  label.startsWith("write /sys/bus/pci/") ||
  label.startsWith("driver ")

/** Nothing is remembered by what the power has cut in two. */
const recordOf = ({ host }: Pick<View, "host">, address: string): DeviceRecord | undefined => {
  const text = textAt(host.disk, `${folder}/pci-${address}.json`)
  const parsed = text === undefined ? undefined : parseJson(text)
  if (parsed === undefined || Result.isFailure(parsed) || !isObject(parsed.success))
    return undefined
  const { original, isDetached } = parsed.success
  return { original: String(original), isDetached: isDetached === true }
}

/** Addresses of which something is remembered. */
export const remembered = (view: Pick<View, "host">): readonly string[] =>
  namesIn(view.host.disk, folder)
    .flatMap((name) => /^pci-(.*)\.json$/.exec(name)?.[1] ?? [])
    .filter((address) => recordOf(view, address) !== undefined)

export const devicesSeen = (view: View): readonly DeviceSeen[] => {
  const entries = view.life?.driver?.parts()?.pools.pci.entries()
  return view.host.pci.standings.map((standing) => ({
    ...standing,
    record: recordOf(view, standing.address),
    entry: entries?.get(standing.address)
  }))
}

/** Away from the driver that it belongs to, or on its way. */
export const isAway = ({ home, driver, override }: PciStanding): boolean =>
  home.driver !== vfio && (driver === vfio || override === vfio)

export const isHome = ({ home, driver, override }: PciStanding): boolean =>
  driver === home.driver && override === home.override

/** A driver or the disk did not do what it was told: a device may be out of order. */
export const mayBeBroken = (view: Pick<View, "faults">): boolean =>
  errnoFaults(view) || view.faults.met.some(({ seam, fault }) => seam === "pci" && fault !== "slow")

type Asking = Extract<ApiCall, { readonly device: number }>["call"]

/** Whether a call was about this device. */
export const isAbout = (
  { call }: Pick<Operation, "call">,
  what: Asking,
  address: string
): boolean => call.call === what && "device" in call && ownDevices[call.device] === address

/** What probes ask in the end is no excuse. */
const isOfPlan = ({ client }: Operation): boolean => client >= 0

/** Somebody called for it to be taken from the host. */
export const wasDetached = ({ history }: Pick<View, "history">, address: string): boolean =>
  history.operations.some((one) => isOfPlan(one) && isAbout(one, "nodeDetach", address))
