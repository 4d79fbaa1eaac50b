/** What an administrator writes to the config of a simulated host while its engine runs. */
import { put } from "../host/put.ts"
import type { SimulatedHost } from "../host/host.ts"
import { simulatedRoot } from "./lives.ts"

/** Guests with memory in files are to have it in a folder that is named after the version. */
export const editConfig = ({ disk }: SimulatedHost, version: number): void =>
  put(disk, `${simulatedRoot}/etc/qemu.conf`, {
    text: `memory_backing_dir = "${simulatedRoot}/lib/qemu/ram-${version}"\n`
  })
