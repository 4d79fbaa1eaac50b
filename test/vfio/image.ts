/**
 * Builds what the outer guest boots: Debian's full kernel, an initial file system that loads its
 * modules, and a disk with Node, QEMU, their libraries and Troupe as one bundle. All of it is this
 * host's own or Debian's, fetched by name; nothing is installed.
 */
import { execFileSync } from "node:child_process"
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import { debianPackage, dependencyOf } from "../e2e/debian.ts"
import { type CpioEntry, cpio } from "../e2e/linux/cpio.ts"
import { librariesOf, Missing, modulesIn, programOf } from "./parts.ts"
import { innerInit, inside, outerInit, outerStart } from "./inside.ts"

export interface Image {
  /** Absolute paths. */
  readonly kernel: string
  readonly initrd: string
  readonly disk: string
  /** Troupe as a bundle, on this host: the same program that runs inside. */
  readonly program: string
}

/** What the outer guest loads. */
const outerModules = [
  "virtio_pci",
  "virtio_blk",
  "virtio_net",
  "ext4",
  "crc32c_generic",
  "e1000e",
  "xhci_pci",
  "sd_mod",
  "sg",
  "usb_storage",
  "usbserial",
  "ftdi_sio",
  "vfio",
  "vfio_iommu_type1",
  "vfio_pci"
]

/** What an inner guest loads that drives its devices by itself. */
const innerModules = ["e1000e", "xhci_pci", "sd_mod", "usb_storage"]

/** Packages with libraries of netcat, which leads to the daemon's socket. */
const relayPackages = ["libbsd0", "libmd0"]

/** Programs of this host that go onto the disk; the engine has locks and limits of util-linux. */
const programs = [
  ["qemu-system-x86_64", "apt-get install qemu-system-x86"],
  ["qemu-img", "apt-get install qemu-utils"],
  ["flock", "apt-get install util-linux"],
  ["prlimit", "apt-get install util-linux"],
  ["setpriv", "apt-get install util-linux"]
] as const

const qemuModules = "/usr/lib/x86_64-linux-gnu/qemu"
const firmware = [
  "/usr/share/seabios",
  "/usr/lib/ipxe/qemu",
  "/usr/share/qemu/kvmvapic.bin",
  "/usr/share/qemu/linuxboot_dma.bin"
]

const text = (content: string): Uint8Array => new TextEncoder().encode(content)

/** What apt fetches, whose words say what is wrong when it cannot. */
const fetched = <A>(what: string, fetching: Promise<A>): Promise<A> =>
  fetching.catch((error: unknown) => {
    throw new Missing(`the Debian package ${what} cannot be fetched: ${String(error)}`)
  })

/** A Debian package, unpacked. */
const packageFiles = (name: string): Promise<string> => fetched(name, debianPackage(name))

async function kernelFiles() {
  const image = await fetched(
    "linux-image-amd64",
    dependencyOf("linux-image-amd64", /^linux-image-[\d.]+-.*amd64$/)
  )
  const files = await packageFiles(image)
  const kernel = readdirSync(join(files, "boot")).find((file) => file.startsWith("vmlinuz-"))
  if (kernel === undefined) throw new Missing(`the package ${image} holds no kernel`)
  return { kernel: join(files, "boot", kernel), modules: join(files, "lib/modules") }
}

/** An initial file system with busybox: its `init` loads all modules in their order. */
function initrdOf(
  init: string,
  busybox: string,
  modules: ReadonlyMap<string, Uint8Array>
): Uint8Array {
  const folders = ["bin", "dev", "modules", "new", "proc", "sys"]
  const entries: readonly CpioEntry[] = [
    ...folders.map((path) => ({ path, kind: "folder" as const })),
    { path: "init", kind: "file", content: text(init) },
    { path: "bin/busybox", kind: "file", content: readFileSync(busybox) },
    { path: "modules/order", kind: "file", content: text([...modules.keys()].join("\n")) },
    ...[...modules].map(([name, content]): CpioEntry => {
      return { path: `modules/${name}.ko`, kind: "file", content }
    })
  ]
  return gzipSync(cpio(entries), { level: 1 })
}

/** Puts a program and its libraries where this host has them. */
function copyProgram(root: string, from: string, to: string): void {
  for (const [source, target] of [
    [from, to],
    ...librariesOf(from).map((path) => [path, path])
  ] as const) {
    const path = join(root, target)
    mkdirSync(dirname(path), { recursive: true })
    copyFileSync(source, path)
  }
}

async function bundle(folder: string): Promise<string> {
  const input = join(import.meta.dirname, "../../src/start.ts")
  const built = await rolldown({ input, platform: "node", logLevel: "silent" })
  await built.write({ dir: folder, format: "esm", entryFileNames: "troupe.mjs" })
  await built.close()
  return join(folder, "troupe.mjs")
}

const folders = ["bin", "dev", "etc", "mnt", "opt", "proc", "root", "run", "sys", "tmp", "usr/bin"]

async function fillRoot(root: string, busybox: string): Promise<void> {
  for (const folder of [...folders, "var"]) mkdirSync(join(root, folder), { recursive: true })
  copyFileSync(busybox, join(root, "bin/busybox"))
  symlinkSync("busybox", join(root, "bin/sh"))
  writeFileSync(join(root, "etc/start"), outerStart)
  chmodSync(join(root, "etc/start"), 0o755)
  writeFileSync(join(root, "etc/passwd"), "root::0:0:root:/root:/bin/sh\n")
  writeFileSync(join(root, "etc/group"), "root:x:0:\n")
  copyProgram(root, process.execPath, "/usr/bin/node")
  for (const [name, remedy] of programs)
    copyProgram(root, programOf(name, remedy), `/usr/bin/${name}`)
  for (const name of ["accel-tcg-x86_64.so", "hw-usb-host.so"])
    copyProgram(root, join(qemuModules, name), join(qemuModules, name))
  for (const folder of firmware)
    cpSync(folder, join(root, folder), { recursive: true, dereference: true })
  for (const name of relayPackages)
    cpSync(join(await packageFiles(name), "usr/lib"), join(root, "usr/lib"), {
      recursive: true,
      verbatimSymlinks: true
    })
  // The rest of what it needs is the C library's, of this host as for the others.
  const netcat = "bin/nc.openbsd"
  copyProgram(root, join(await packageFiles("netcat-openbsd"), netcat), netcat)
}

/** The disk's size; what is on it takes half. Sparse on this host. */
const diskSize = "512M"

/** Builds all of it in `folder`, which the caller takes away. Takes some seconds. */
export async function buildImage(folder: string): Promise<Image> {
  const busybox = join(await packageFiles("busybox-static"), "bin/busybox")
  const { kernel, modules } = await kernelFiles()
  const [initrd, disk, root] = [join(folder, "initrd.gz"), join(folder, "disk"), join(folder, "r")]
  writeFileSync(initrd, initrdOf(outerInit, busybox, modulesIn(modules, outerModules)))
  await fillRoot(root, busybox)
  mkdirSync(join(root, dirname(inside.kernel)), { recursive: true })
  copyFileSync(kernel, join(root, inside.kernel))
  const innerInitrd = initrdOf(innerInit, busybox, modulesIn(modules, innerModules))
  writeFileSync(join(root, inside.initrd), innerInitrd)
  const program = await bundle(join(folder, "bundle"))
  cpSync(dirname(program), join(root, "opt/troupe"), { recursive: true })
  const mke2fs = programOf("mke2fs", "apt-get install e2fsprogs")
  const args = ["-q", "-F", "-t", "ext4", "-O", "^has_journal", "-d", root, disk, diskSize]
  execFileSync(mke2fs, args, { stdio: ["ignore", "ignore", "inherit"] })
  return { kernel, initrd, disk, program }
}
