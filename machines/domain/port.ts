/**
 * Which channels the guest has open: what QEMU tells of a port, in the live definition. Pure.
 */
import type { Channel } from "../../src/model/device/character.ts"
import type { Domain } from "../../src/model/domain.ts"
import type { DomainContext, DomainMessage } from "./context.ts"

/** The name by which guests know the port of their agent (qemu-ga's default). */
const agentPort = "org.qemu.guest_agent.0"

const stateOf = (isOpen: boolean) => (isOpen ? "connected" : "disconnected")

const channelOf = (live: Domain | undefined, alias: string): Channel | undefined =>
  live?.devices.find((one): one is Channel => one.kind === "channel" && one.alias === alias)

/** It is a port of this guest, and not as it was known to be. */
export const movesPort = (context: DomainContext, event: DomainMessage): boolean => {
  if (event.type !== "qmpPort") return false
  const target = channelOf(context.live, event.alias)?.target
  return target?.type === "virtio" && target.state !== stateOf(event.isOpen)
}

export const isAgentPort = (context: DomainContext, event: DomainMessage): boolean => {
  if (event.type !== "qmpPort") return false
  const target = channelOf(context.live, event.alias)?.target
  return target?.type === "virtio" && target.name === agentPort
}

/** The live definition as it is after a port has moved. */
export const withPort = (live: Domain | undefined, event: DomainMessage): Domain | undefined => {
  if (live === undefined || event.type !== "qmpPort") return live
  const { alias, isOpen } = event
  const devices = live.devices.map((device) =>
    device.kind === "channel" && device.alias === alias && device.target.type === "virtio"
      ? { ...device, target: { ...device.target, state: stateOf(isOpen) } as const }
      : device
  )
  return { ...live, devices }
}

/** libvirt's word for an agent whose channel was opened or closed. */
export const agentState = (event: DomainMessage) =>
  stateOf(event.type === "qmpPort" && event.isOpen)
