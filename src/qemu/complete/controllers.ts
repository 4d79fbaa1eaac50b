/**
 * Controllers: those of the board, those that devices need and nobody wrote, their indexes and
 * their models. Addresses are given elsewhere.
 */
import * as Result from "effect/Result"
import { devicesOf } from "../../model/device.ts"
import type { Controller, ControllerType } from "../../model/device/controller.ts"
import type { DiskBus } from "../../model/device/disk.ts"
import { orderDevices } from "../../model/device-order.ts"
import type { Domain } from "../../model/domain.ts"
import { hasType } from "../capabilities.ts"
import { Conflict, Unavailable } from "../refusal.ts"
import { always, type CompleteContext, replaceDevices, type Step } from "./context.ts"

const has = (controllers: readonly Controller[], type: ControllerType, index: number) =>
  controllers.some((one) => one.type === type && one.index === index)

const ensure = (
  controllers: readonly Controller[],
  type: ControllerType,
  settings: { readonly index: number; readonly model?: string }
): readonly Controller[] =>
  has(controllers, type, settings.index)
    ? controllers
    : [...controllers, { kind: "controller", type, ...settings }]

/** The lowest index that no controller of the type has; a companion joins the last master. */
const withIndexes = (controllers: readonly Controller[]): readonly Controller[] => {
  const done: Controller[] = []
  for (const controller of controllers) {
    if (controller.index !== undefined) {
      done.push(controller)
      continue
    }
    const taken = [...controllers, ...done].flatMap((other) =>
      other.type === controller.type && other.index !== undefined ? [other.index] : []
    )
    const last = done.findLast((other) => other.type === "usb")?.index
    const joins = controller.type === "usb" && isIch9(controller) && isIch9Group(done.at(-1))
    let index = joins && last !== undefined ? last : 0
    while (!joins && taken.includes(index)) index += 1
    done.push({ ...controller, index })
  }
  return done
}

const isIch9 = (controller: Controller | undefined): boolean =>
  controller?.model?.startsWith("ich9-uhci") === true

const isIch9Group = (controller: Controller | undefined): boolean =>
  controller?.type === "usb" && controller.model?.startsWith("ich9-") === true

const inOrder = (controllers: readonly Controller[]): readonly Controller[] =>
  devicesOf({ devices: orderDevices(controllers) }, "controller")

/** What the board has anyway: a USB controller unless refused, the root bus, SATA on q35. */
const ofBoard = (
  given: readonly Controller[],
  { board, capabilities }: CompleteContext
): readonly Controller[] => {
  const hasUsb = given.some((controller) => controller.type === "usb")
  const modern = ["qemu-xhci", "nec-usb-xhci", "ich9-usb-ehci1"].find((type) =>
    hasType(capabilities, type)
  )
  const model = { "qemu-xhci": "qemu-xhci", "nec-usb-xhci": "nec-xhci" }[modern ?? ""]
  const usbModel = model ?? (modern === undefined ? undefined : "ich9-ehci1")
  const usb =
    board === "i440fx"
      ? ensure(given, "usb", { index: 0 })
      : usbModel === undefined
        ? given
        : ensure(given, "usb", { index: 0, model: usbModel })
  const withUsb = hasUsb ? given : usb
  if (board === "i440fx") return ensure(withUsb, "pci", { index: 0, model: "pci-root" })
  return ensure(ensure(withUsb, "sata", { index: 0 }), "pci", { index: 0, model: "pcie-root" })
}

const typeOfBus: { readonly [B in DiskBus]?: ControllerType } = {
  scsi: "scsi",
  fdc: "fdc",
  ide: "ide",
  sata: "sata"
}

const upTo = (
  controllers: readonly Controller[],
  type: ControllerType,
  { last, ...settings }: { readonly last: number; readonly model?: string }
): readonly Controller[] => {
  let all = controllers
  for (let index = 0; index <= last; index += 1) all = ensure(all, type, { index, ...settings })
  return all
}

/** Those that disks, virtio ports and host devices sit on. */
const ofDevices = (domain: Domain, given: readonly Controller[]): readonly Controller[] => {
  let all = given
  for (const bus of ["scsi", "fdc", "ide", "sata"] as const) {
    const indexes = devicesOf(domain, "disk").flatMap((disk) =>
      disk.target.bus === bus && disk.address?.type === "drive" ? [disk.address.controller] : []
    )
    const type = typeOfBus[bus]
    if (type !== undefined) all = upTo(all, type, { last: Math.max(-1, ...indexes) })
  }
  for (const device of domain.devices) {
    const isPort =
      (device.kind === "channel" || device.kind === "console") && device.target.type === "virtio"
    if (isPort) {
      const { address } = device
      const index = address?.type === "virtio-serial" ? address.controller : 0
      all = ensure(all, "virtio-serial", { index })
    }
    if (device.kind === "kept" && device.name === "smartcard") {
      const index = device.address?.type === "ccid" ? device.address.controller : 0
      all = ensure(all, "ccid", { index })
    }
    if (device.kind === "hostdev" && device.source.type === "scsi") {
      const index = device.address?.type === "drive" ? device.address.controller : 0
      // A further one is as those that host devices have, of whatever model disks' would be.
      const model = all.findLast(({ type }) => type === "scsi")?.model
      all = upTo(all, "scsi", { last: index, ...(model === undefined ? {} : { model }) })
    }
  }
  return all
}

const withModel = (controller: Controller, context: CompleteContext): Controller => {
  const { type, model } = controller
  if (model !== undefined && model !== "auto") return controller
  if (type === "usb") {
    const hasUsual = hasType(context.capabilities, "piix3-usb-uhci")
    return hasUsual ? { ...controller, model: "piix3-uhci" } : controller
  }
  if (type === "scsi") {
    const isLsi = ["lsi53c895a", "lsi"].some((name) => hasType(context.capabilities, name))
    return { ...controller, model: isLsi ? "lsilogic" : "virtio-scsi" }
  }
  return controller
}

const companionPorts: { readonly [model: string]: number } = {
  "ich9-uhci1": 0,
  "ich9-uhci2": 2,
  "ich9-uhci3": 4
}

/** Each ICH9 companion serves two ports of its master. */
const withMaster = (controller: Controller): Controller => {
  const masterStartPort = controller.masterStartPort ?? companionPorts[controller.model ?? ""]
  return masterStartPort === undefined ? controller : { ...controller, masterStartPort }
}

/** Indexes and the board's own controllers. Before disks, whose places depend on nothing else. */
export const boardControllers = always((domain, context) => {
  const given = inOrder(withIndexes(devicesOf(domain, "controller")).map(withMaster))
  const all = inOrder(ofBoard(given, context)).map((one) => withModel(one, context))
  return replaceDevices(domain, "controller", all)
})

/** The controllers that devices need. After every device has its drive or port address. */
export const neededControllers: Step = (domain, context) => {
  const all = inOrder(ofDevices(domain, devicesOf(domain, "controller")))
  const ide = all.find((controller) => controller.type === "ide")
  if (context.board === "q35" && ide !== undefined) {
    const reason = "the q35 board has no IDE bus"
    return Result.fail(
      new Unavailable({ domain: domain.name, element: `controller ide ${ide.index}`, reason })
    )
  }
  const roots = all.filter((one) => one.model === "pci-root" || one.model === "pcie-root")
  const root = context.board === "q35" ? "pcie-root" : "pci-root"
  const wrong = roots.find((one) => one.model !== root || one.index !== 0)
  if (wrong !== undefined) {
    const reason = `the root bus of this board is ${root} with index 0`
    const element = `controller pci ${wrong.index}`
    return Result.fail(new Conflict({ domain: domain.name, element, reason }))
  }
  return Result.succeed(
    replaceDevices(
      domain,
      "controller",
      all.map((one) => withModel(one, context))
    )
  )
}
