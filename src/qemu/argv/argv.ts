/**
 * The whole command line of a guest, in libvirt's order. Each part is a file of this folder; what a
 * definition asks for and QEMU cannot do is refused before any of them runs.
 */
import * as Result from "effect/Result"
import { assert } from "../../base/assert.ts"
import { type DeviceKind, type DeviceOf, devicesOf } from "../../model/device.ts"
import type { Domain } from "../../model/domain.ts"
import { boardOf } from "../complete/context.ts"
import { type ArgvError, firstRefusal } from "../refusal.ts"
import { type Arg, words } from "./arg.ts"
import { channelArgs, consoleArgs, parallelArgs, serialArgs } from "./character.ts"
import { firstProblem } from "./check.ts"
import { clock, clockEnvironment } from "./clock.ts"
import type { ArgvConfig, ArgvContext, DeviceArgs, GuestArgs } from "./context.ts"
import { controllerArgs } from "./controller.ts"
import { cpu } from "./cpu.ts"
import { diskArgs, floppyController } from "./disk.ts"
import { filesystemArgs } from "./filesystem.ts"
import { graphicsArgs } from "./graphics.ts"
import { hostdevArgs } from "./hostdev.ts"
import { inputArgs } from "./input.ts"
import { interfaceArgs } from "./interface.ts"
import {
  boot,
  flash,
  globals,
  identity,
  machine,
  messages,
  monitor,
  name,
  nothingElse,
  power,
  romFirmware,
  sandbox
} from "./machine.ts"
import { cells, iothreads, memory, processors } from "./memory.ts"
import {
  hubArgs,
  iommuArgs,
  memballoonArgs,
  panicArgs,
  redirdevArgs,
  rngArgs,
  watchdogArgs
} from "./small.ts"
import { audioArgs, soundArgs } from "./sound.ts"
import { videoArgs } from "./video.ts"

/** All devices of one kind through one function. */
const each =
  <K extends DeviceKind>(kind: K, args: DeviceArgs<DeviceOf<K>>): GuestArgs =>
  (context) =>
    devicesOf(context.domain, kind).flatMap((device) => args(device, context))

/** Controllers come type by type: later ones may sit on earlier ones. */
const controllers: GuestArgs = (context) =>
  (["pci", "usb", "scsi", "ide", "sata", "virtio-serial"] as const).flatMap((type) =>
    devicesOf(context.domain, "controller")
      .filter((controller) => controller.type === type)
      .flatMap((controller) => controllerArgs(controller, context))
  )

const ccid: GuestArgs = (context) =>
  devicesOf(context.domain, "controller")
    .filter((controller) => controller.type === "ccid")
    .flatMap((controller) => controllerArgs(controller, context))

const vmcoreinfo: GuestArgs = ({ domain }): readonly Arg[] =>
  domain.features.vmcoreinfo === true ? [["-device", "vmcoreinfo"]] : []

const parts: readonly GuestArgs[] = [
  name,
  flash,
  machine,
  cpu,
  romFirmware,
  memory,
  processors,
  iothreads,
  cells,
  identity,
  nothingElse,
  monitor,
  clock,
  power,
  globals,
  boot,
  each("iommu", iommuArgs),
  controllers,
  each("hub", hubArgs),
  ccid,
  floppyController,
  each("disk", diskArgs),
  each("filesystem", filesystemArgs),
  each("interface", interfaceArgs),
  each("serial", serialArgs),
  each("parallel", parallelArgs),
  each("channel", channelArgs),
  each("console", consoleArgs),
  each("input", inputArgs),
  each("audio", audioArgs),
  each("graphics", graphicsArgs),
  each("video", videoArgs),
  each("sound", soundArgs),
  each("watchdog", watchdogArgs),
  each("redirdev", redirdevArgs),
  each("hostdev", hostdevArgs),
  each("memballoon", memballoonArgs),
  each("rng", rngArgs),
  vmcoreinfo,
  sandbox,
  each("panic", panicArgs),
  messages
]

export type BuildOptions = Omit<ArgvContext, "domain" | "board">

/**
 * The words of a prepared domain's QEMU, the program first. Without `resources.monitor` the
 * launcher adds the monitor.
 */
export function buildArgv(
  domain: Domain,
  options: BuildOptions
): Result.Result<readonly [string, ...string[]], ArgvError> {
  const board = boardOf(domain.os.machine ?? "")
  assert(board !== undefined, "a prepared domain has a board that is known")
  const context: ArgvContext = { ...options, domain, board }
  const refused = firstRefusal(domain) ?? firstProblem(context)
  if (refused !== undefined) return Result.fail(refused)
  const args = parts.flatMap((part) => part(context))
  return Result.succeed([domain.emulator ?? options.capabilities.binary, ...words(args)])
}

/** What QEMU's environment needs for this guest, beside what every process has. */
export const guestEnvironment = (
  domain: Domain,
  config: ArgvConfig
): { readonly [name: string]: string } => {
  const graphics = devicesOf(domain, "graphics").map(({ type }) => type)
  const sasl = [
    graphics.includes("vnc") && config.vncSasl ? config.vncSaslDir : undefined,
    graphics.includes("spice") && config.spiceSasl ? config.spiceSaslDir : undefined
  ].find((directory) => directory !== undefined)
  return {
    ...clockEnvironment(domain),
    ...(sasl === undefined ? {} : { SASL_CONF_PATH: sasl })
  }
}
