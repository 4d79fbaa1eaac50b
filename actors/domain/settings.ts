/**
 * What the administrator's config means for one launch: QEMU's settings, its limits, its log, its
 * control group, its firmware. Looks at the host where the config says to; starts nothing.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type { ConfigSnapshot, ConfigValues } from "../../src/config/snapshot.ts"
import { cgroupHost, makeCgroup, setCgroup } from "../../src/host/cgroup.ts"
import { Files } from "../../src/host/files.ts"
import { openLog } from "../../src/host/log-file.ts"
import type { Domain } from "../../src/model/domain.ts"
import {
  type ArgvConfig,
  defaultArgvConfig,
  type HugepageMount
} from "../../src/qemu/argv/context.ts"
import { numbersIn } from "../../src/qemu/argv/memory.ts"
import { type Capabilities, hasOption } from "../../src/qemu/capabilities.ts"
import { type FirmwareDescriptor, readFirmwares } from "../../src/qemu/firmware.ts"
import type { LaunchPlan } from "../../src/qemu/launch-plan.ts"
import { Store } from "../../src/store/store.ts"

/** The config demands a protection that this host or this QEMU does not have. */
export class SettingUnavailable extends Data.TaggedError("SettingUnavailable")<{
  readonly key: string
  readonly why: string
}> {
  override get message(): string {
    return `the config's '${this.key}' cannot be honoured: ${this.why}`
  }
}

const mountsBytesMax = 4 * 1024 * 1024

/** proc(5): `device where type options ...`; the page size is an option of hugetlbfs. */
const mountOf = (line: string): HugepageMount | undefined => {
  const [, path, type, options = ""] = line.split(" ")
  const size = /(?:^|,)pagesize=(\d+)([KMG])/.exec(options)
  if (type !== "hugetlbfs" || path === undefined || size === null) return undefined
  const unitKiB = { K: 1, M: 1024, G: 1024 * 1024 }[size[2] ?? "K"] ?? 1
  return { path, sizeKiB: Number(size[1]) * unitKiB }
}

/** Where huge pages come from: all that is mounted, or those of the config. */
const hugepageMounts = Effect.fnUntraced(function* (wanted: readonly string[]) {
  const files = yield* Files
  const text = yield* files.read("/proc/self/mounts", mountsBytesMax).pipe(
    Effect.map((bytes) => new TextDecoder().decode(bytes)),
    Effect.orElseSucceed(() => "")
  )
  const mounted = text.split("\n").flatMap((line) => mountOf(line) ?? [])
  const named = wanted.filter((path) => path !== "")
  const chosen = named.length === 0 ? mounted : mounted.filter(({ path }) => named.includes(path))
  return chosen.map((mount, index) => ({ ...mount, isDefault: index === 0 }))
})

const filterOf = (seccompSandbox: number): ArgvConfig["seccompSandbox"] => {
  if (seccompSandbox < 0) return -1
  return seccompSandbox === 0 ? 0 : 1
}

/** QEMU's settings as its command line needs them. */
export const argvConfigOf = Effect.fnUntraced(function* (
  values: ConfigValues,
  live: Domain,
  capabilities: Capabilities
) {
  const { layout } = yield* Store
  const { memoryBacking } = live
  const config: ArgvConfig = {
    ...defaultArgvConfig,
    vncListen: values.vncListen,
    vncTls: values.vncTls,
    vncSasl: values.vncSasl,
    vncAutoUnixSocket: values.vncAutoUnixSocket,
    spiceListen: values.spiceListen,
    spiceTls: values.spiceTls,
    spiceSasl: values.spiceSasl,
    spiceAutoUnixSocket: values.spiceAutoUnixSocket,
    dumpGuestCore: values.dumpGuestCore,
    setProcessName: values.setProcessName,
    logTimestamp: values.logTimestamp,
    seccompSandbox: filterOf(values.seccompSandbox),
    memoryBackingDir: values.memoryBackingDir || `${layout.lib}/qemu/ram`,
    hugepageMounts:
      memoryBacking?.hugepages === undefined ? [] : yield* hugepageMounts(values.hugetlbfsMount)
  }
  if (config.seccompSandbox === 1 && !hasOption(capabilities, "sandbox")) {
    const why = `${capabilities.binary} was built without a filter of system calls`
    return yield* new SettingUnavailable({ key: "seccomp_sandbox", why })
  }
  return config
})

/** What VFIO pins beside the guest's memory: libvirt's own measure. */
const vfioExtraBytes = 1024 * 1024 * 1024

const kibBytes = 1024

/** Memory that stays in place: all of QEMU's, or the guest's that a host device writes to. */
export const memlockOf = ({ memory, memoryBacking, devices }: Domain) => {
  if (memoryBacking?.locked === true) return "unlimited" as const
  const hasVfio = devices.some(
    (device) =>
      (device.kind === "hostdev" && ["pci", "mdev"].includes(device.source.type)) ||
      (device.kind === "interface" && device.connection.type === "hostdev")
  )
  const bytes = (memory.hotplug?.maximumKiB ?? memory.maximumKiB) * kibBytes + vfioExtraBytes
  return hasVfio ? bytes : undefined
}

/** Limits that the config sets, and the locked memory that a guest asks for. */
const limitsOf = ({ values, origins }: ConfigSnapshot, live: Domain): LaunchPlan["limits"] => {
  const memlock = memlockOf(live)
  // No line about it is not the same as a line that says 0: no core dumps at all.
  const isCoreSet = origins.max_core.kind === "file"
  const limits: NonNullable<LaunchPlan["limits"]> = {
    ...(values.maxFiles > 0 ? { nofile: values.maxFiles } : {}),
    ...(values.maxProcesses > 0 ? { nproc: values.maxProcesses } : {}),
    ...(isCoreSet ? { core: values.maxCore } : {}),
    ...(memlock === undefined ? {} : { memlock })
  }
  return Object.keys(limits).length === 0 ? undefined : limits
}

/** The parts of a launch plan that config and definition decide without looking at the host. */
export const planSettings = (
  snapshot: ConfigSnapshot,
  live: Domain
): Pick<LaunchPlan, "limits" | "logLimits" | "cpus"> => {
  const { values } = snapshot
  const limits = limitsOf(snapshot, live)
  const { cpuset } = live.vcpus
  return {
    logLimits: { bytesMax: values.troupeLogBytesMax, backups: values.troupeLogBackupsMax },
    ...(limits === undefined ? {} : { limits }),
    ...(cpuset === undefined ? {} : { cpus: numbersIn(cpuset) })
  }
}

/** A line in the guest's log of what the host could not give it. */
const sayInLog = Effect.fnUntraced(function* (path: string, line: string) {
  const files = yield* Files
  const { file } = yield* openLog(path)
  const bytes = new TextEncoder().encode(`troupe: ${line}\n`)
  yield* Effect.ensuring(files.write(file, bytes), files.close(file))
})

/** Version 1's names, which the config has; `cpu` counts time by itself in version 2. */
const controllerOf = (name: string): string => {
  if (name === "cpuacct") return "+cpu"
  return name === "blkio" ? "+io" : `+${name}`
}

interface Group {
  readonly epoch: string
  readonly controllers: readonly string[]
  readonly logPath: string
}

/**
 * Where this epoch's control group will be, under a folder of this root that has the controllers.
 * A host without version 2 of control groups, or one that does not let us, is no reason not to
 * start: a definition has no way to ask for what only a group gives. The guest's log says so.
 */
export const findCgroup = Effect.fnUntraced(function* ({ epoch, controllers, logPath }: Group) {
  if (controllers.length === 0) return undefined
  const { rootId } = yield* Store
  const found = yield* Effect.result(
    Effect.gen(function* () {
      const { mount } = yield* cgroupHost
      const parent = `${mount}/troupe-${rootId}`
      yield* makeCgroup(parent)
      const subtree = [...new Set(controllers.map(controllerOf))].join(" ")
      yield* setCgroup(parent, { "cgroup.subtree_control": subtree })
      return `${parent}/${epoch}`
    })
  )
  if (found._tag === "Success") return found.success
  const { message } = found.failure
  yield* Effect.ignore(sayInLog(logPath, `QEMU gets no control group of its own: ${message}`))
  return undefined
})

/** `LOADER:VARIABLES`, the template of an image's variables where no descriptor tells it. */
const pairOf = (text: string): FirmwareDescriptor | undefined => {
  const colon = text.lastIndexOf(":")
  const [loader, template] = [text.slice(0, colon), text.slice(colon + 1)]
  if (colon <= 0 || template === "") return undefined
  return {
    description: "a pair of the config",
    "interface-types": ["uefi"],
    mapping: {
      device: "flash",
      executable: { filename: loader, format: "raw" },
      "nvram-template": { filename: template, format: "raw" }
    },
    // It is for whoever names the image, and is never chosen by itself.
    targets: [],
    features: []
  }
}

/** The host's firmware, for a definition that has to do with it; the config's pairs come first. */
export const firmwaresFor = Effect.fnUntraced(function* ({ os }: Domain, nvram: readonly string[]) {
  if (os.firmware === undefined && os.loader?.type !== "pflash") return []
  return [...nvram.flatMap((text) => pairOf(text) ?? []), ...(yield* readFirmwares())]
})

/** Which displays may use the host's sound; QEMU finds the way to it by itself. */
export const hostAudioOf = (values: ConfigValues) => ({
  vnc: values.vncAllowHostAudio,
  none: values.nographicsAllowHostAudio,
  driver: undefined
})
