/**
 * The guest of the demonstration and of the tests: the image of its disk and its domain XML.
 * Pure; the program itself is `guest-listing.ts`. Never touches a file: the caller writes the
 * image.
 */
import { assert } from "../../base/assert.ts"
import { guestListing } from "./guest-listing.ts"

/** What the guest writes on its serial line, one line each (ended by CR LF). */
export const guestLines = {
  up: "TROUPE GUEST UP",
  tick: /^tick (\d+)$/,
  powerButton: "power button: off",
  off: "off",
  reboot: "reboot",
  panic: "panic",
  halt: "halt"
} as const

/** What the guest obeys when it comes in on its serial line, one byte each. */
export const guestOrders = { reboot: "r", powerOff: "o", halt: "h", panic: "p" } as const

const origin = 0x7c00
const sectorBytes = 512
/** The partition table lies here; a program that ends before it leaves the table empty. */
const partitionTable = 446
/** QEMU rounds disks up to sectors only; whole MiB please every tool that looks at the image. */
const imageBytes = 1024 * 1024

const row = /^([0-9a-f]{4}) {2}((?:[0-9a-f]{2})+)(?: |$)/

/**
 * The guest's disk, raw, 1 MiB: the boot sector, then zeros. A fresh array at each call.
 * Boots through SeaBIOS from an IDE, SATA, virtio or SCSI disk of the machines pc and q35.
 */
export function guestImage(): Uint8Array {
  const image = new Uint8Array(imageBytes)
  let at = 0
  for (const line of guestListing.split("\n")) {
    const columns = row.exec(line)
    if (columns === null) continue
    const [, address = "", bytes = ""] = columns
    assert(Number.parseInt(address, 16) === origin + at, `the listing has no gap before ${address}`)
    for (const byte of bytes.match(/../g) ?? []) image[at++] = Number.parseInt(byte, 16)
  }
  assert(at > 0 && at <= partitionTable, "the program ends before the partition table")
  image[sectorBytes - 2] = 0x55
  image[sectorBytes - 1] = 0xaa
  return image
}

/** Where the serial line goes: a socket that QEMU listens on, a file it writes, or a pty. */
export type GuestSerial =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "pty" }

export interface GuestDomain {
  readonly name: string
  readonly uuid?: string
  /** Absolute path of a file that holds `guestImage()`. */
  readonly diskPath: string
  readonly serial: GuestSerial
  /** By default pc. */
  readonly machine?: "pc" | "q35"
}

const escapes: { readonly [character: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;"
}

const escape = (text: string) => text.replace(/[&<>'"]/g, (character) => escapes[character] ?? "")

const serialXml = (serial: GuestSerial) => {
  const mode = serial.kind === "unix" ? " mode='bind'" : ""
  const source = serial.kind === "pty" ? "" : `<source${mode} path='${escape(serial.path)}'/>`
  return `<serial type='${serial.kind}'>${source}<target port='0'/></serial>`
}

/**
 * A small libvirt domain for the guest: 32 MiB, one CPU, no graphics, run by TCG, so that it starts
 * on any host. Names and paths may hold any character that XML 1.0 can carry.
 */
export function guestDomainXml(domain: GuestDomain): string {
  const uuid = domain.uuid === undefined ? [] : [`  <uuid>${escape(domain.uuid)}</uuid>`]
  return [
    "<domain type='qemu'>",
    `  <name>${escape(domain.name)}</name>`,
    ...uuid,
    "  <memory unit='MiB'>32</memory>",
    "  <vcpu>1</vcpu>",
    "  <os>",
    `    <type arch='x86_64' machine='${domain.machine ?? "pc"}'>hvm</type>`,
    "    <boot dev='hd'/>",
    "  </os>",
    "  <features><acpi/></features>",
    "  <devices>",
    "    <disk type='file' device='disk'>",
    "      <driver name='qemu' type='raw'/>",
    `      <source file='${escape(domain.diskPath)}'/>`,
    "      <target dev='vda' bus='virtio'/>",
    "    </disk>",
    `    ${serialXml(domain.serial)}`,
    "  </devices>",
    "</domain>",
    ""
  ].join("\n")
}
