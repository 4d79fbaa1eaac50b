/**
 * A daemon that sees another /sys: a fixture in plain files, in a mount namespace of its own. What
 * is written there has no effect on any kernel, and this machine's devices are out of reach. The
 * real control groups and processors are mounted into it.
 */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { DirectoryNode } from "../../../src/testing/host/node.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { World } from "../../../src/testing/world.ts"

const writeTree = (node: DirectoryNode, at: string): void => {
  mkdirSync(at, { recursive: true })
  for (const [name, child] of node.entries) {
    const path = join(at, name)
    if (child.kind === "directory") writeTree(child, path)
    else if (child.kind === "symlink") symlinkSync(child.target, path)
    else if (child.kind === "file") {
      writeFileSync(path, child.data)
      chmodSync(path, child.mode & 0o777)
    }
  }
}

/** What of the real one stays: a daemon starts guests in control groups. */
const kept = ["fs", "devices/system"] as const

/** The words that run a program with these devices; the fixture lies in `directory`. */
export const withDevices = (directory: string, devices: Devices): readonly string[] => {
  const { disk } = new SimulatedHost(new World([]), { devices })
  writeTree(disk.directoryAt("/sys"), directory)
  for (const name of kept) mkdirSync(join(directory, name), { recursive: true })
  const mounts = kept.map((name) => `mount --rbind /sys/${name} "$0/${name}"`)
  const script = [...mounts, 'mount --rbind "$0" /sys', 'exec "$@"'].join(" && ")
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, directory]
}
