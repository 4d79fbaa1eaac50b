/** The guest's CPU: model, features, topology, caches, NUMA cells. */
import type { Keeps } from "./kept.ts"

export interface Cpu extends Keeps {
  readonly mode?: "custom" | "host-model" | "host-passthrough" | "maximum"
  readonly match?: "minimum" | "exact" | "strict"
  readonly check?: "none" | "partial" | "full"
  readonly migratable?: boolean
  readonly model?: CpuModel
  readonly vendor?: string
  readonly topology?: CpuTopology
  readonly cache?: { readonly level?: number; readonly mode: CpuCacheMode } & Keeps
  readonly maxphysaddr?: {
    readonly mode: "emulate" | "passthrough"
    readonly bits?: number
  } & Keeps
  readonly features: readonly CpuFeature[]
  readonly numa?: { readonly cells: readonly NumaCell[] } & Keeps
}

export type CpuCacheMode = "emulate" | "passthrough" | "disable"

export interface CpuModel extends Keeps {
  readonly name?: string
  readonly fallback?: "allow" | "forbid"
  readonly vendorId?: string
}

export interface CpuTopology extends Keeps {
  readonly sockets: number
  readonly dies: number
  readonly clusters?: number
  readonly cores: number
  readonly threads: number
}

export interface CpuFeature extends Keeps {
  readonly name: string
  readonly policy?: "force" | "require" | "optional" | "disable" | "forbid"
}

export interface NumaCell extends Keeps {
  readonly id?: number
  readonly cpus?: string
  readonly memoryKiB: number
  readonly memAccess?: "shared" | "private"
  readonly discard?: boolean
  readonly distances: readonly ({ readonly id: number; readonly value: number } & Keeps)[]
}
