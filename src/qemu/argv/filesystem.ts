/** Shared folders over 9p: QEMU serves them itself. */
import type { Filesystem } from "../../model/device/filesystem.ts"
import { type Arg, device, keyValues, type KeyValue } from "./arg.ts"
import type { DeviceArgs } from "./context.ts"
import { place } from "./place.ts"
import { virtioDriver, virtioOptions } from "./virtio.ts"

const securityModels = { passthrough: "passthrough", mapped: "mapped", squash: "none" } as const

/** QEMU wants a leading zero; the definition may leave it out. */
const octal = (mode: string | undefined): string | undefined => mode?.replace(/^0*/, "0")

const served = (filesystem: Filesystem): Arg => {
  const { accessMode, driver, multidevs, source, alias } = filesystem
  // The handle driver knows no owners.
  const isLocal = driver?.type !== "handle"
  const pairs: readonly KeyValue[] = [
    ["security_model", isLocal ? securityModels[accessMode ?? "passthrough"] : undefined],
    ["multidevs", multidevs === "default" ? undefined : multidevs],
    ["fmode", octal(filesystem.fileMode)],
    ["dmode", octal(filesystem.folderMode)],
    ["writeout", driver?.writePolicy],
    ["id", `fsdev-${alias}`],
    ["path", source.dir],
    ["readonly", filesystem.isReadonly ? true : undefined]
  ]
  return ["-fsdev", keyValues(isLocal ? "local" : "handle", pairs)]
}

export const filesystemArgs: DeviceArgs<Filesystem> = (filesystem, context) => [
  served(filesystem),
  device({
    ...virtioDriver("virtio-9p", filesystem.model, context),
    ...virtioOptions(filesystem.driver),
    id: filesystem.alias,
    fsdev: `fsdev-${filesystem.alias}`,
    mount_tag: filesystem.target.dir,
    ...place(filesystem.address, context)
  })
]
