/**
 * What is read from a PCI function's configuration space: bridge or not, and its PCI Express link.
 * Others than root see only the first 64 bytes, in which this is not. Pure.
 */
import type { PciCapability, PciExpress } from "../model/node-device.ts"

/** The configuration space of PCI Express; that of PCI has 256 bytes. */
export const configBytesMax = 4096
const classicBytes = 256

/** Registers of the header and of the PCI Express capability (PCI Express base specification). */
const register = {
  status: 0x06,
  headerType: 0x0e,
  firstCapability: 0x34,
  expressFlags: 0x02,
  linkCapabilities: 0x0c,
  linkStatus: 0x12
} as const

const hasCapabilities = 0x10
const expressId = 0x10
/** Capabilities are four bytes at least and lie behind the 64 bytes of the header. */
const capabilitiesMax = (classicBytes - 64) / 4

/** Functions inside the root complex: there is no link to them. */
const withoutLink: readonly number[] = [0x9, 0xa]

/** GT/s by the number in the registers. */
const speeds: readonly (string | undefined)[] = [undefined, "2.5", "5", "8", "16", "32", "64"]

export interface ConfigFacts {
  readonly bridge?: NonNullable<PciCapability["bridge"]>
  readonly express?: PciExpress
}

const bridges: { readonly [type: number]: NonNullable<PciCapability["bridge"]> } = {
  1: "pci-bridge",
  2: "cardbus-bridge"
}

/** Where a capability stands; a list that runs in a circle ends. */
const offsetOf = (view: DataView, id: number): number | undefined => {
  if ((view.getUint16(register.status, true) & hasCapabilities) === 0) return undefined
  let at = view.getUint8(register.firstCapability) & ~3
  for (let count = 0; count < capabilitiesMax && at >= 64 && at + 2 <= classicBytes; count += 1) {
    if (view.getUint8(at) === id) return at
    at = view.getUint8(at + 1) & ~3
  }
  return undefined
}

const speedOf = (number: number) => {
  const speed = speeds[number]
  return speed === undefined ? {} : { speed }
}

const linkAt = (view: DataView, at: number): PciExpress => {
  const type = (view.getUint16(at + register.expressFlags, true) >> 4) & 0xf
  if (withoutLink.includes(type) || at + register.linkStatus + 2 > classicBytes) return {}
  const can = view.getUint32(at + register.linkCapabilities, true)
  const is = view.getUint16(at + register.linkStatus, true)
  return {
    link: {
      capable: { port: can >>> 24, ...speedOf(can & 0xf), width: (can >>> 4) & 0x3f },
      status: { ...speedOf(is & 0xf), width: (is >>> 4) & 0x3f }
    }
  }
}

/** Nothing of a space that could not be read as a whole. */
export const configFacts = (bytes: Uint8Array | undefined): ConfigFacts => {
  if (bytes === undefined || bytes.length < classicBytes) return {}
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const bridge = bridges[view.getUint8(register.headerType) & 0x7f]
  const at = offsetOf(view, expressId)
  // The extended space alone tells PCI Express too: host bridges list no capability.
  const express =
    at === undefined ? (bytes.length > classicBytes ? {} : undefined) : linkAt(view, at)
  return { ...(bridge && { bridge }), ...(express && { express }) }
}
