/**
 * The definition of a machine, as data: what libvirt's domain XML says, in libvirt's words.
 * Whether it can be carried out is not decided here.
 */
import type { Cpu } from "./cpu.ts"
import type { Device } from "./device.ts"
import type { Clock, Features, LifecycleActions, Os, PowerManagement } from "./machine.ts"
import type { Keeps, KeptElement } from "./kept.ts"

export interface Domain extends Keeps, LifecycleActions {
  /** The accelerator asked for: `qemu` is TCG. */
  readonly type: "kvm" | "qemu"
  readonly name: string
  /** Lower case, with hyphens. */
  readonly uuid: string
  readonly hwuuid?: string
  /** A VM generation id; `generate` asks for a fresh one at each start. */
  readonly genid?: string
  readonly title?: string
  readonly description?: string
  /** The children of `<metadata>`, each of a namespace of its own. */
  readonly metadata: readonly KeptElement[]
  readonly memory: Memory
  readonly memoryBacking?: MemoryBacking
  readonly vcpus: Vcpus
  readonly iothreads?: number
  readonly resource?: Resource
  readonly os: Os
  readonly features: Features
  readonly cpu?: Cpu
  readonly clock: Clock
  readonly pm?: PowerManagement
  readonly emulator?: string
  readonly devices: readonly Device[]
  readonly seclabels: readonly Seclabel[]
}

export interface Memory {
  /** All of it: what the guest is given at boot, and its memory devices. */
  readonly maximumKiB: number
  /** The balloon's target. Absent: all of it. */
  readonly currentKiB?: number
  readonly dumpCore?: boolean
  /** Room for memory devices. */
  readonly hotplug?: { readonly maximumKiB: number; readonly slots: number } & Keeps
}

export interface MemoryBacking extends Keeps {
  readonly hugepages?: { readonly pages: readonly HugePage[] } & Keeps
  readonly nosharepages?: boolean
  readonly locked?: boolean
  readonly source?: "anonymous" | "file" | "memfd"
  readonly access?: "shared" | "private"
  readonly allocation?: {
    readonly mode?: "immediate" | "ondemand"
    readonly threads?: number
  } & Keeps
  readonly discard?: boolean
}

export interface HugePage extends Keeps {
  readonly sizeKiB: number
  readonly nodeset?: string
}

export interface Vcpus extends Keeps {
  readonly maximum: number
  /** How many are plugged at start. Absent: all. */
  readonly current?: number
  readonly placement: "static" | "auto"
  /** Host CPUs in libvirt's list syntax: `0-3,^2`. */
  readonly cpuset?: string
}

export interface Resource extends Keeps {
  readonly partition?: string
  readonly fibrechannelAppid?: string
}

export interface Seclabel extends Keeps {
  readonly type: "dynamic" | "static" | "none"
  readonly model?: string
  readonly relabel?: boolean
  readonly label?: string
  readonly baselabel?: string
  readonly imagelabel?: string
}
