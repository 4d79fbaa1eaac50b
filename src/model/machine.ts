/**
 * The board and its firmware: how the guest boots, what the machine has, its clock and its sleep.
 */
import type { Keeps } from "./kept.ts"

export interface Os extends Keeps {
  /** Always full virtualisation. */
  readonly type: "hvm"
  readonly firmware?: "bios" | "efi"
  readonly arch?: string
  readonly machine?: string
  readonly firmwareFeatures: readonly ({
    readonly name: string
    readonly enabled: boolean
  } & Keeps)[]
  readonly loader?: Loader
  readonly nvram?: Nvram
  readonly kernel?: string
  readonly initrd?: string
  readonly cmdline?: string
  readonly dtb?: string
  /** In order; empty means `hd` unless a device has a boot order of its own. */
  readonly boot: readonly BootDevice[]
  readonly bootmenu?: { readonly enable: boolean; readonly timeoutMs?: number } & Keeps
  readonly bios?: Bios
  readonly smbiosMode?: "emulate" | "host" | "sysinfo"
}

export type BootDevice = "fd" | "hd" | "cdrom" | "network"

export interface Loader extends Keeps {
  readonly path?: string
  readonly type?: "rom" | "pflash"
  readonly isReadonly?: boolean
  readonly isSecure?: boolean
  readonly isStateless?: boolean
  readonly format?: "raw" | "qcow2"
}

/** The guest's own firmware variables. */
export interface Nvram extends Keeps {
  /** Absent is a file. Of the other two, the source is kept and there is no path. */
  readonly type?: "file" | "block" | "network"
  readonly path?: string
  readonly template?: string
  readonly format?: "raw" | "qcow2"
  readonly templateFormat?: "raw" | "qcow2"
}

export interface Bios extends Keeps {
  readonly useSerial?: boolean
  /** -1 is never. */
  readonly rebootTimeoutMs?: number
}

/** Absent is libvirt's third state: the hypervisor's own default. */
export interface Features extends Keeps {
  readonly acpi: boolean
  readonly apic?: { readonly eoi?: boolean } & Keeps
  readonly pae: boolean
  readonly hap?: boolean
  readonly viridian: boolean
  readonly privnet: boolean
  readonly pvspinlock?: boolean
  readonly pmu?: boolean
  readonly vmport?: boolean
  readonly vmcoreinfo?: boolean
  readonly ioapicDriver?: "kvm" | "qemu"
  readonly smm?: { readonly state?: boolean; readonly tsegKiB?: number } & Keeps
  readonly kvm?: KvmFeatures
  readonly hyperv?: HypervFeatures
}

export interface KvmFeatures extends Keeps {
  readonly hidden?: boolean
  readonly hintDedicated?: boolean
  readonly pollControl?: boolean
  readonly pvIpi?: boolean
  readonly dirtyRing?: { readonly state: boolean; readonly size?: number } & Keeps
}

export interface HypervFeatures extends Keeps {
  readonly mode: "custom" | "passthrough"
  readonly relaxed?: boolean
  readonly vapic?: boolean
  readonly spinlocks?: { readonly state: boolean; readonly retries?: number } & Keeps
  readonly vpindex?: boolean
  readonly runtime?: boolean
  readonly synic?: boolean
  readonly stimer?: { readonly state: boolean; readonly direct?: boolean } & Keeps
  readonly reset?: boolean
  readonly vendorId?: { readonly state: boolean; readonly value?: string } & Keeps
  readonly frequencies?: boolean
  readonly reenlightenment?: boolean
  readonly tlbflush?: boolean
  readonly ipi?: boolean
  readonly evmcs?: boolean
  readonly avic?: boolean
}

export interface Clock extends Keeps {
  readonly offset: "utc" | "localtime" | "timezone" | "variable" | "absolute"
  /** Seconds, or `reset`; of `utc`, `localtime` and `variable`. */
  readonly adjustment?: number | "reset"
  readonly basis?: "utc" | "localtime"
  readonly timezone?: string
  /** Seconds since 1970, of `absolute`. */
  readonly start?: number
  readonly timers: readonly Timer[]
}

export interface Timer extends Keeps {
  readonly name:
    | "platform"
    | "pit"
    | "rtc"
    | "hpet"
    | "tsc"
    | "kvmclock"
    | "hypervclock"
    | "armvtimer"
  readonly present?: boolean
  readonly tickpolicy?: "delay" | "catchup" | "merge" | "discard"
  readonly track?: "boot" | "guest" | "wall" | "realtime"
  readonly frequencyHz?: number
  readonly mode?: "auto" | "native" | "emulate" | "paravirt" | "smpsafe"
  readonly catchup?: Keeps & {
    readonly threshold?: number
    readonly slew?: number
    readonly limit?: number
  }
}

export type LifecycleAction = "destroy" | "restart" | "preserve" | "rename-restart"
export type CrashAction = LifecycleAction | "coredump-destroy" | "coredump-restart"

export interface LifecycleActions {
  readonly onPoweroff: LifecycleAction
  readonly onReboot: LifecycleAction
  readonly onCrash: CrashAction
  readonly onLockfailure?: "poweroff" | "restart" | "pause" | "ignore"
}

export interface PowerManagement extends Keeps {
  readonly suspendToMem?: boolean
  readonly suspendToDisk?: boolean
}
