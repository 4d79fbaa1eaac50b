/**
 * A real Linux for end-to-end tests: Debian's cloud kernel, a static busybox, and an initial file
 * system of our own that says when it is up and powers off at the power button. Needs apt at the
 * first use; afterwards all of it lies in the checkout's cache.
 */
import { createHash } from "node:crypto"
import { existsSync, globSync, readFileSync } from "node:fs"
import { mkdir, readdir, rename, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { gzipSync } from "node:zlib"
import { cacheFolder, debianPackage, dependencyOf } from "../debian.ts"
import { type CpioEntry, cpio } from "./cpio.ts"

export interface LinuxGuest {
  /** Absolute paths of the kernel and of the initial file system. */
  readonly kernel: string
  readonly initrd: string
  /** The kernel's command line: the console is the first serial line. */
  readonly cmdline: string
}

/** What it writes on its serial line. */
export const linuxLines = {
  up: /^TROUPE LINUX UP \S+$/,
  powerButton: "power button: off",
  reboot: "reboot"
} as const

/** What it obeys, a line each, on its serial line. */
export const linuxOrders = { reboot: "reboot\n", powerOff: "off\n" } as const

/** 256 MiB hold kernel and initial file system with room to spare. */
export const linuxMemoryMiB = 256

/** The modules that the guest loads; those they depend on are found by themselves. */
const wantedModules = [
  "button",
  "evdev",
  "virtio_balloon",
  "virtio_blk",
  "virtio_console",
  "virtio_net",
  "virtio_pci",
  "virtio_rng"
]

const init = `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in $(cat /modules/order); do insmod "/modules/$module.ko"; done
acpid -c /etc/acpi -l /run/acpid.log -p /run/acpid.pid
# It writes this file once it listens.
until [ -e /run/acpid.pid ]; do usleep 10000; done
if [ -e /etc/start ]; then sh /etc/start; fi
stty -F /dev/ttyS0 -echo
exec < /dev/ttyS0 > /dev/ttyS0 2>&1
echo "TROUPE LINUX UP $(uname -r)"
while read -r order; do
  case $order in
    reboot) echo reboot; reboot -f ;;
    off) poweroff -f ;;
  esac
done
`

/** busybox's acpid runs it for the key event of an ACPI power button. */
const powerButton = `#!/bin/sh
echo "power button: off" > /dev/ttyS0
poweroff -f
`

/** The names that a module says it depends on, in its .modinfo section. */
const dependsOf = (module: Uint8Array): readonly string[] => {
  const match = /\0depends=([^\0]*)\0/.exec(Buffer.from(module).toString("latin1"))
  return (match?.[1] ?? "").split(",").filter((name) => name !== "")
}

const moduleName = (file: string): string => basename(file, ".ko").replaceAll("-", "_")

/**
 * The modules wanted and all that they need, each after what it needs. Built-in ones are left out.
 */
function modulesIn(folder: string): ReadonlyMap<string, Uint8Array> {
  const paths = globSync("**/*.ko", { cwd: folder })
  const byName = new Map(paths.map((path) => [moduleName(path), join(folder, path)]))
  const found = new Map<string, Uint8Array>()
  const add = (name: string): void => {
    const path = byName.get(name)
    if (path === undefined || found.has(name)) return
    const bytes = readFileSync(path)
    for (const needed of dependsOf(bytes)) add(needed.replaceAll("-", "_"))
    found.set(name, bytes)
  }
  for (const name of wantedModules) add(name)
  return found
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content)

const entriesOf = (busybox: Uint8Array, modules: ReadonlyMap<string, Uint8Array>): CpioEntry[] => {
  const folders = [
    "bin",
    "dev",
    "etc",
    "etc/acpi",
    "etc/acpi/PWRF",
    "modules",
    "proc",
    "run",
    "sys"
  ]
  return [
    ...folders.map((path) => ({ path, kind: "folder" as const })),
    { path: "init", kind: "file", content: text(init) },
    { path: "bin/busybox", kind: "file", content: busybox },
    { path: "bin/sh", kind: "link", content: text("busybox") },
    // The name of the device's folder, and the key event's code, are acpid's.
    { path: "etc/acpi/PWRF/00000080", kind: "file", content: text(powerButton) },
    { path: "modules/order", kind: "file", content: text([...modules.keys()].join("\n")) },
    ...[...modules].map(([name, content]): CpioEntry => {
      return { path: `modules/${name}.ko`, kind: "file", content }
    })
  ]
}

/** Written beside its place and renamed, so that nobody sees half of it. */
const writeWhole = async (path: string, content: Uint8Array): Promise<void> => {
  const part = `${path}.${process.pid}`
  await writeFile(part, content)
  await rename(part, path)
}

/**
 * Fetches and builds what is not there yet. Rejects with apt's words when the archive is away.
 * More files may be given; of them `etc/start` is run before the guest says that it is up.
 */
export async function linuxGuest(more: readonly CpioEntry[] = []): Promise<LinuxGuest> {
  const image = await dependencyOf("linux-image-cloud-amd64", /^linux-image-.*-cloud-amd64$/)
  const [kernelFiles, busyboxFiles] = [
    await debianPackage(image),
    await debianPackage("busybox-static")
  ]
  const boot = join(kernelFiles, "boot")
  const kernel = (await readdir(boot)).find((file) => file.startsWith("vmlinuz-"))
  if (kernel === undefined) throw new Error(`the package ${image} holds no kernel`)
  const busybox = readFileSync(join(busyboxFiles, "bin/busybox"))
  const modules = modulesIn(join(kernelFiles, "lib/modules"))
  const archive = cpio([...entriesOf(busybox, modules), ...more])
  const digest = createHash("sha256").update(archive).digest("hex").slice(0, 16)
  const folder = join(cacheFolder, "linux")
  const initrd = join(folder, `initrd-${digest}.gz`)
  await mkdir(folder, { recursive: true })
  if (!existsSync(initrd)) await writeWhole(initrd, gzipSync(archive, { level: 1 }))
  return { kernel: join(boot, kernel), initrd, cmdline: "console=ttyS0 quiet panic=-1" }
}
