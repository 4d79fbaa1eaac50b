/**
 * The tests' Linux with Debian's own guest agent in it, and the libraries that the agent needs.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs"
import { dirname, join } from "node:path"
import type { CpioEntry } from "../linux/cpio.ts"
import { debianPackage } from "../debian.ts"
import { type LinuxGuest, linuxGuest } from "../linux/linux-guest.ts"

/** Packages with the agent and its libraries; one of them has the loader. */
const packages = [
  "qemu-guest-agent",
  "libc6",
  "libglib2.0-0",
  "libnuma1",
  "libpcre2-8-0",
  "libudev1",
  "liburing2"
]

const agentPath = "usr/sbin/qemu-ga"
const loader = "lib64/ld-linux-x86-64.so.2"
const libraryFolders = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"]
const libraries = [
  "libc.so.6",
  "libglib-2.0.so.0",
  "libgmodule-2.0.so.0",
  "libm.so.6",
  "libnuma.so.1",
  "libpcre2-8.so.0",
  "libudev.so.1",
  "liburing.so.2"
]

const text = (content: string): Uint8Array => new TextEncoder().encode(content)

/** There is no udev to name the ports. The agent ends when it is told to, and is started again. */
const start = `mkdir -p /run /var/run /tmp /mnt
ip link set lo up
hostname agent-guest
mount -t tmpfs tmp /mnt
(while true; do
  for port in /sys/class/virtio-ports/*; do
    if [ "$(cat $port/name)" = org.qemu.guest_agent.0 ]; then
      /usr/sbin/qemu-ga -m virtio-serial -p /dev/$(basename $port) -t /run \\
        > /run/qga.log 2>&1
    fi
  done
  sleep 1
done) &
`

const shutdown = `#!/bin/sh
case "$1" in
  -r) reboot -f ;;
  *) poweroff -f ;;
esac
`

/** A file of one of the packages, through the links that lead to it. */
const find = (folders: readonly string[], path: string): Uint8Array => {
  const found = folders.map((folder) => join(folder, path)).find((one) => existsSync(one))
  if (found === undefined) throw new Error(`no package holds ${path}`)
  return readFileSync(realpathSync(found))
}

const library = (folders: readonly string[], name: string): Uint8Array => {
  for (const folder of libraryFolders) {
    try {
      return find(folders, join(folder, name))
    } catch {}
  }
  throw new Error(`no package holds ${name}`)
}

export async function agentGuest(): Promise<LinuxGuest> {
  const folders: string[] = []
  for (const name of packages) folders.push(await debianPackage(name))
  const files: CpioEntry[] = [
    { path: agentPath, kind: "file", content: find(folders, agentPath) },
    // The package's own link is absolute, and leads nowhere on this host.
    {
      path: loader,
      kind: "file",
      content: library(folders, "ld-linux-x86-64.so.2")
    },
    ...libraries.map(
      (name): CpioEntry => ({
        path: `lib/x86_64-linux-gnu/${name}`,
        kind: "file",
        content: library(folders, name)
      })
    ),
    { path: "etc/start", kind: "file", content: text(start) },
    { path: "sbin/hwclock", kind: "link", content: text("/bin/busybox") },
    { path: "sbin/shutdown", kind: "file", content: text(shutdown) },
    { path: "etc/hostname", kind: "file", content: text("agent-guest\n") },
    { path: "etc/os-release", kind: "file", content: text('ID=troupe\nNAME="Troupe Test"\n') },
    { path: "etc/passwd", kind: "file", content: text("root::0:0:root:/root:/bin/sh\n") }
  ]
  const folderNames = new Set<string>()
  for (const { path } of files)
    for (let folder = dirname(path); folder !== "."; folder = dirname(folder))
      folderNames.add(folder)
  const made = ["bin", "dev", "etc"]
  const folderEntries = [...folderNames, "root"]
    .filter((path) => !made.includes(path))
    .toSorted()
    .map((path): CpioEntry => ({ path, kind: "folder" }))
  return linuxGuest([...folderEntries, ...files])
}
