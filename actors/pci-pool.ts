/**
 * Owns every host PCI device: which domain, in which of its starts, has each, and on which driver
 * each is. Names devices by their address `0000:03:00.0`. Never talks to QEMU.
 */
import type * as Context from "effect/Context"
import type { Files } from "../src/host/files.ts"
import { makePciDrivers } from "../src/host/pci-driver.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import type { HostdevRecord } from "../src/store/hostdevs.ts"
import { makePool, type Pool } from "./host-device-pool.ts"
import { type PciGround, pciScripts } from "./pci-binding.ts"

export interface PciPoolOptions {
  readonly store: PciGround["store"]
  readonly context: Context.Context<Files>
  /** What an engine before us had taken from its driver. */
  readonly recalled: readonly HostdevRecord[]
}

export const makePciPool = (kernel: Kernel, { store, context, recalled }: PciPoolOptions): Pool =>
  makePool(kernel, {
    kind: "pci",
    bound: { scripts: pciScripts({ drivers: makePciDrivers(), store }), context },
    recalled
  })
