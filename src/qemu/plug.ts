/**
 * A device for a guest that runs: its name in QEMU, its place on the buses that the guest has, and
 * the words of `device_add`. Pure; refuses what does not fit before QEMU is asked.
 */
import * as Result from "effect/Result"
import type { Address } from "../model/address.ts"
import { aliasOfDevice } from "../model/device-match.ts"
import { type Device, devicesOf } from "../model/device.ts"
import type { Hostdev } from "../model/device/hostdev.ts"
import type { Domain } from "../model/domain.ts"
import type { NotSupported } from "../model/error.ts"
import { isObject, type JsonObject, parseJson } from "../qmp/json.ts"
import { hostdevArgs } from "./argv/hostdev.ts"
import { firstProblem } from "./argv/check.ts"
import { defaultArgvConfig } from "./argv/context.ts"
import type { Capabilities } from "./capabilities.ts"
import { placeDevices } from "./complete.ts"
import { boardOf } from "./complete/context.ts"
import { elementOf } from "./complete/element.ts"
import { type CompleteError, Conflict, startRefusal } from "./refusal.ts"

const isUsers = (alias: string | undefined): alias is string => alias?.startsWith("ua-") === true

/**
 * The next number after the highest: one that was let go may still be on its way out of the guest
 * (`qemuAssignDeviceHostdevAlias` counts so too).
 */
const nextAlias = (live: Domain, prefix: string): string => {
  const numbers = live.devices.flatMap((device) => {
    const alias = aliasOfDevice(device) ?? ""
    const rest = alias.startsWith(prefix) ? alias.slice(prefix.length) : ""
    return /^[0-9]+$/.test(rest) ? [Number(rest)] : []
  })
  return `${prefix}${Math.max(-1, ...numbers) + 1}`
}

const conflict = (live: Domain, device: Device, reason: string) =>
  Result.fail(new Conflict({ domain: live.name, element: elementOf(device), reason }))

const hasUsb = (live: Domain): boolean =>
  devicesOf(live, "controller").some(({ type, model }) => type === "usb" && model !== "none")

/** What QEMU would refuse, or do otherwise than is meant. */
const problemOf = (live: Domain, hostdev: Hostdev, isExpressBoard: boolean): string | undefined => {
  const { address, source, boot, alias } = hostdev
  if (address?.type === "unassigned") return "a device without an address cannot be plugged in"
  if (isUsers(alias) && live.devices.some((one) => aliasOfDevice(one) === alias))
    return `the name '${alias}' is taken`
  if (boot !== undefined) return "a boot order is settled when a guest starts"
  if (source.type === "mdev" && source.ramfb === true)
    return "a device with ramfb cannot be plugged in"
  if (source.type === "scsi") return "a SCSI device cannot be plugged in while the guest runs"
  if (source.type === "usb" && !hasUsb(live)) return "the guest has no USB controller"
  return isExpressBoard && address?.type === "pci" && address.bus === 0
    ? "the root bus takes no device while the guest runs"
    : undefined
}

/** The device with its name and place in the running guest. */
export const fitHostdev = (
  live: Domain,
  hostdev: Hostdev,
  capabilities: Capabilities
): Result.Result<Hostdev & { readonly alias: string }, CompleteError> =>
  Result.gen(function* () {
    const isExpressBoard = boardOf(live.os.machine ?? "") === "q35"
    const problem = problemOf(live, hostdev, isExpressBoard)
    if (problem !== undefined) return yield* conflict(live, hostdev, problem)
    const alias = isUsers(hostdev.alias) ? hostdev.alias : nextAlias(live, "hostdev")
    const named = { ...hostdev, alias }
    const whole = { ...live, devices: [...live.devices, named] }
    const placed = yield* placeDevices(whole, { capabilities })
    if (placed.devices.length > live.devices.length + 1)
      return yield* conflict(live, hostdev, "no USB port is free for it")
    const found = devicesOf(placed, "hostdev").find((one) => one.alias === alias)
    const address: Address | undefined = found?.address
    return address === undefined ? named : { ...named, address }
  })

/** What `device_add` is given, or why QEMU could not be given it. */
export const hostdevProperties = (
  live: Domain,
  hostdev: Hostdev,
  capabilities: Capabilities
): Result.Result<JsonObject, CompleteError | NotSupported> => {
  const whole: Domain = { ...live, devices: [...live.devices, hostdev] }
  const board = boardOf(live.os.machine ?? "")
  if (board === undefined) return conflict(live, hostdev, "its board is not known")
  // What the guest runs with was found when it was started, and is not looked for again.
  const genericNodes = Object.fromEntries(
    devicesOf(live, "hostdev").map(({ alias = "" }) => [alias, "/dev/null"])
  )
  const folders = { stateDirectory: "", shortName: "", channelDirectory: "" }
  const resources = { ...folders, genericNodes, nowSeconds: 0 }
  const context = { domain: whole, capabilities, config: defaultArgvConfig, resources, board }
  const refused = startRefusal(whole) ?? firstProblem(context)
  if (refused !== undefined) return Result.fail(refused)
  const [made] = hostdevArgs(hostdev, context)
  const words = made?.[1] === undefined ? undefined : parseJson(made[1])
  return words !== undefined && Result.isSuccess(words) && isObject(words.success)
    ? Result.succeed(words.success)
    : conflict(live, hostdev, `a ${hostdev.source.type} device cannot be plugged in`)
}
