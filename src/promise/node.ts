/** Tables of what is asked of the host: its size, what guests it can have, what is plugged in. */
import type * as Scope from "effect/Scope"
import type { Node as NodeFace } from "../engine/node.ts"
import type { HostDevices as HostDevicesFace } from "../engine/hostdevs.ts"
import type { NodeDevices as ReadingDevices } from "../engine/node-device.ts"
import type { TakingDevices } from "../engine/node-device-take.ts"
import type { NodeDeviceEvent } from "../model/node-device.ts"
import type { Heard } from "../../actors/event-bus.ts"
import { type Events, eventsOf } from "./events.ts"
import { promised, type Promised, type Table } from "./promised.ts"
import type { CallOptions } from "./run.ts"

const nodeTable = {
  info: 0,
  hostname: 0,
  uuid: 0,
  cpuMap: 0,
  cpuStats: 1,
  memoryStats: 1,
  freeMemory: 0,
  cellsFreeMemory: 2,
  freePages: 1,
  memoryParameters: 0,
  sysinfo: 0,
  capabilities: 0,
  domainCapabilities: 0,
  maxVcpus: 1,
  hypervisorVersion: 0,
  cpuModelNames: 1,
  compareCpu: 1,
  compareHypervisorCpu: 2,
  baselineCpu: 1,
  baselineHypervisorCpu: 2
} as const satisfies Table<NodeFace>

type DevicesFace = ReadingDevices & TakingDevices

const devicesTable = {
  list: 0,
  listWith: 1,
  lookup: 1,
  lookupScsiHost: 1,
  describe: 1,
  xml: 1,
  words: 1,
  pci: 0,
  usb: 0,
  detach: 1,
  reattach: 1,
  reset: 1
} as const satisfies Table<DevicesFace>

const hostDevicesTable = { list: 0 } as const satisfies Table<HostDevicesFace>

/** What of the host can be given to guests, and who has it. */
export type HostDevices = Promised<HostDevicesFace, typeof hostDevicesTable>

export const hostDevicesOf = (face: HostDevicesFace): HostDevices =>
  promised(face, hostDevicesTable)

export interface NodeDevices extends Promised<DevicesFace, typeof devicesTable> {
  /** What is plugged in, changed and taken away, from when it is fulfilled on. */
  readonly events: (call?: CallOptions) => Promise<Events<Heard<NodeDeviceEvent>>>
}

export interface Node
  extends Promised<NodeFace, typeof nodeTable>,
    Pick<NodeFace, "securityModel" | "libvirtVersion"> {
  readonly devices: NodeDevices
}

/** Events of devices end when `home` closes. */
export const nodeOf = (face: NodeFace, home: Scope.Scope): Node => ({
  ...promised(face, nodeTable),
  securityModel: face.securityModel,
  libvirtVersion: face.libvirtVersion,
  devices: {
    ...promised(face.devices, devicesTable),
    events: (call) => eventsOf(face.devices.subscribe, home, call)
  }
})
