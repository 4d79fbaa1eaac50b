/**
 * What the steps of completion share: the board, the binary, and small edits of the device list.
 */
import * as Result from "effect/Result"
import type { Device, DeviceKind, DeviceOf } from "../../model/device.ts"
import type { Domain } from "../../model/domain.ts"
import type { Capabilities, MachineType } from "../capabilities.ts"
import type { FirmwareDescriptor } from "../firmware.ts"
import type { CompleteError } from "../refusal.ts"

/** Chipsets whose fixed devices are known. */
export type Board = "i440fx" | "q35"

export interface CompleteOptions {
  readonly capabilities: Capabilities
  /** Fresh MAC addresses, at least `macsNeeded(domain)`. */
  readonly macs: readonly string[]
  /** The folder of firmware variables, for guests that name no file of their own. */
  readonly nvramDirectory: string
  /** The host's firmware, for guests that leave the choice to it. Used at start. */
  readonly firmwares?: readonly FirmwareDescriptor[]
  /** A fresh UUID for `<genid/>`; without one the guest gets a new one at each start. */
  readonly generationId?: string
  /** Which displays may use the host's sound, as qemu.conf says. */
  readonly hostAudio?: HostAudio
  /** Whether a host device is PCI Express; unknown counts as Express. */
  readonly isExpress?: (host: {
    readonly domain: number
    readonly bus: number
    readonly slot: number
    readonly function: number
  }) => boolean
}

export interface HostAudio {
  readonly vnc: boolean
  readonly none: boolean
  /** The back-end that the environment names, such as `QEMU_AUDIO_DRV` did. */
  readonly driver: string | undefined
}

export interface CompleteContext extends CompleteOptions {
  readonly board: Board
  readonly machine: MachineType
}

export type Step = (
  domain: Domain,
  context: CompleteContext
) => Result.Result<Domain, CompleteError>

/** A step that cannot fail. */
export const always =
  (step: (domain: Domain, context: CompleteContext) => Domain): Step =>
  (domain, context) =>
    Result.succeed(step(domain, context))

export const boardOf = (machine: string): Board | undefined => {
  if (/^(pc|pc-i440fx-.*|pc-[01]\..*)$/.test(machine)) return "i440fx"
  if (/^(q35|pc-q35-.*)$/.test(machine)) return "q35"
  return undefined
}

/** The domain with every device of one kind passed through `edit`. */
export const editDevices = <K extends DeviceKind>(
  domain: Domain,
  kind: K,
  edit: (device: DeviceOf<K>, index: number) => DeviceOf<K>
): Domain => {
  let index = -1
  const isKind = (device: Device): device is DeviceOf<K> => device.kind === kind
  const devices = domain.devices.map((device): Device => {
    if (!isKind(device)) return device
    index += 1
    return edit(device, index)
  })
  return { ...domain, devices }
}

/**
 * The domain with its devices of one kind replaced, where the first of them stood or at the end.
 */
export const replaceDevices = <K extends DeviceKind>(
  domain: Domain,
  kind: K,
  devices: readonly DeviceOf<K>[]
): Domain => {
  const first = domain.devices.findIndex((device) => device.kind === kind)
  const at = first === -1 ? domain.devices.length : first
  const before = domain.devices.slice(0, at)
  const after = domain.devices.slice(at).filter((device) => device.kind !== kind)
  return { ...domain, devices: [...before, ...devices, ...after] }
}

export const addDevice = (domain: Domain, device: Device): Domain => ({
  ...domain,
  devices: [...domain.devices, device]
})
