/**
 * What stands on the simulated host's disk before anybody comes: the directories of a Debian host,
 * the files of /proc and /etc that the engine reads, and small tools as names. Writes, keeps
 * nothing.
 */
import type { MemoryDisk } from "./disk.ts"
import { ipPath } from "./links.ts"
import { put } from "./put.ts"

/** Where QEMU's binary is, for whoever registers a program. */
export const qemuPath = "/usr/bin/qemu-system-x86_64"

const directories = [
  "/etc/qemu",
  "/lib",
  "/root",
  "/sbin",
  "/usr/share/qemu",
  "/var/lib",
  "/var/log"
]

/** Made anew at each boot: they live in memory. */
const volatile = [
  { path: "/dev", mode: 0o755 },
  { path: "/proc", mode: 0o555 },
  { path: "/run", mode: 0o755 },
  { path: "/sys", mode: 0o555 },
  { path: "/tmp", mode: 0o1777 }
]

const mounts = `/dev/vda1 / ext4 rw,relatime 0 0
proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0
sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0
tmpfs /run tmpfs rw,nosuid,nodev,mode=755 0 0
tmpfs /tmp tmpfs rw,nosuid,nodev 0 0
`

const noConnections =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"

const passwd = `root:x:0:0:root:/root:/bin/bash
libvirt-qemu:x:64055:105:Libvirt Qemu:/var/lib/libvirt:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
`

const group = `root:x:0:
kvm:x:105:
nogroup:x:65534:
`

/** Tools of an exec chain: only that they are there is looked at. */
const tools = ["prlimit", "nice", "taskset", "setpriv", "sh"]

/** The boot's own id, in the form of a UUID. */
export const bootId = (boot: number): string =>
  `b0070000-0000-4000-8000-${boot.toString(16).padStart(12, "0")}`

/** What a boot makes anew: what the kernel tells. */
export const furnishBoot = (disk: MemoryDisk, boot: number): void => {
  put(disk, "/proc/sys/kernel/random/boot_id", { text: `${bootId(boot)}\n`, mode: 0o444 })
  put(disk, "/proc/self/mounts", { text: mounts, mode: 0o444 })
  put(disk, "/proc/self/net/tcp", { text: noConnections, mode: 0o444 })
  put(disk, "/proc/self/net/tcp6", { text: noConnections, mode: 0o444 })
  disk.special("/dev/null", "character")
}

/** `binaries` are executable files, as far as anybody can tell. */
export const furnish = (disk: MemoryDisk, binaries: Iterable<string>): void => {
  for (const path of directories) disk.makeDirectories(path)
  for (const { path, mode } of volatile) disk.mountVolatile(path, mode)
  put(disk, "/etc/passwd", { text: passwd })
  put(disk, "/etc/group", { text: group })
  for (const tool of tools) put(disk, `/usr/bin/${tool}`, { text: "#!\n", mode: 0o755 })
  put(disk, ipPath, { text: "\u007fELF", mode: 0o755 })
  for (const path of binaries) put(disk, path, { text: "\u007fELF", mode: 0o755 })
}
