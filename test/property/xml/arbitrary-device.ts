/** Arbitrary devices, in the form in which reading leaves them: defaults said, lists in order. */
import * as fc from "fast-check"
import type { Channel, ChardevSource, Console } from "../../../src/model/device/character.ts"
import type { Serial } from "../../../src/model/device/character.ts"
import type { Controller } from "../../../src/model/device/controller.ts"
import type { BackingStore, Disk, DiskSource } from "../../../src/model/device/disk.ts"
import type { Graphics } from "../../../src/model/device/graphics.ts"
import type {
  Connection,
  Interface,
  InterfaceVlan,
  VlanTag
} from "../../../src/model/device/interface.ts"
import type { Device } from "../../../src/model/device.ts"
import { hostdev } from "./arbitrary-hostdev.ts"
import {
  anyText,
  boot,
  info,
  int,
  keeping,
  keptElement,
  partial,
  plain,
  word
} from "./arbitrary-part.ts"

const virtio = { iommu: fc.boolean(), ats: fc.boolean(), packed: fc.boolean() }

const source: fc.Arbitrary<DiskSource> = fc.oneof(
  partial<Extract<DiskSource, { type: "file" }>>(
    { type: fc.constant("file") },
    { file: anyText, index: int(99, 1), startupPolicy: fc.constantFrom("optional", "requisite") }
  ),
  partial<Extract<DiskSource, { type: "block" }>>({ type: fc.constant("block") }, { dev: anyText }),
  partial<Extract<DiskSource, { type: "network" }>>(
    {
      type: fc.constant("network"),
      protocol: fc.constantFrom("rbd", "nbd", "https"),
      hosts: fc.array(plain({ name: anyText, port: int(0xffff) }), { maxLength: 2 })
    },
    { name: anyText }
  )
)

const { backingStore } = fc.letrec<{ backingStore: BackingStore }>((tie) => ({
  backingStore: fc.oneof(
    { depthSize: "small" },
    fc.constant({ type: "none" as const }),
    partial<Extract<BackingStore, { type: "image" }>>(
      { type: fc.constant("image"), source: keeping(source) },
      { format: word, backingStore: tie("backingStore") as fc.Arbitrary<BackingStore> }
    )
  )
}))

export const disk: fc.Arbitrary<Disk> = fc
  .tuple(fc.constantFrom("vd", "sd", "hd"), fc.stringMatching(/^[a-z]{1,2}$/))
  .chain(([prefix, letters]) =>
    partial<Disk>(
      {
        kind: fc.constant("disk"),
        device: fc.constantFrom("disk", "lun"),
        source: keeping(source),
        driver: keeping(
          partial<NonNullable<Disk["driver"]>>(
            { name: fc.constant("qemu"), type: fc.constantFrom("raw", "qcow2") },
            { cache: fc.constantFrom("none", "unsafe"), iothread: int(9, 1), ...virtio }
          )
        ),
        target: plain({
          dev: fc.constant(prefix + letters),
          bus: fc.constantFrom("virtio", "scsi", "sata", "usb", "ide")
        }),
        isReadonly: fc.boolean(),
        isShareable: fc.boolean(),
        isTransient: fc.boolean()
      },
      { backingStore, serial: anyText, wwn: anyText, ...boot, ...info }
    )
  )

const controller = partial<Controller>(
  { kind: fc.constant("controller"), type: fc.constantFrom("pci", "usb", "scsi", "virtio-serial") },
  {
    index: int(9),
    model: word,
    ports: int(31),
    pciHole64KiB: int(1 << 30),
    target: partial({}, { chassis: int(255), port: int(255), node: int(8) }),
    driver: partial({}, { queues: int(16), ...virtio }),
    ...info
  }
)

const connection: fc.Arbitrary<Connection> = fc.oneof(
  fc.constantFrom<Connection>({ type: "user" }, { type: "ethernet" }),
  plain({ type: fc.constant("bridge" as const), bridge: anyText }),
  partial<Extract<Connection, { type: "network" }>>(
    { type: fc.constant("network"), network: anyText },
    { portgroup: anyText }
  ),
  plain({ type: fc.constant("mcast" as const), address: anyText, port: int(0xffff) })
)

const mac = fc
  .array(int(255), { minLength: 5, maxLength: 5 })
  .map((octets) => ["52", ...octets.map((o) => o.toString(16).padStart(2, "0"))].join(":"))

const interfaceDevice = partial<Interface>(
  {
    kind: fc.constant("interface"),
    connection,
    ips: fc.array(plain({ address: anyText, prefix: int(128) }), { maxLength: 2 })
  },
  {
    mac,
    model: word,
    script: anyText,
    mtu: int(9000, 68),
    vlan: partial<InterfaceVlan>(
      {
        tags: fc.array(
          partial<VlanTag>(
            { id: int(4095) },
            { nativeMode: fc.constantFrom("tagged", "untagged") }
          ),
          { maxLength: 2 }
        )
      },
      { trunk: fc.boolean() }
    ),
    linkState: fc.constantFrom("up", "down"),
    target: partial({}, { dev: word, managed: fc.boolean() }),
    driver: keeping(partial({}, { queues: int(16), name: fc.constantFrom("vhost", "qemu") })),
    rom: partial({}, { bar: fc.boolean(), file: anyText }),
    tune: plain({ sndbuf: int(1 << 20) }),
    ...boot,
    ...info
  }
)

const endpoint = partial<{ host?: string; service?: string }>({}, { host: anyText, service: word })

const chardev: fc.Arbitrary<ChardevSource> = fc.oneof(
  fc.constantFrom<ChardevSource>({ type: "null" }, { type: "stdio" }, { type: "unix" }),
  partial<Extract<ChardevSource, { type: "pty" }>>({ type: fc.constant("pty") }, { path: anyText }),
  partial<Extract<ChardevSource, { type: "file" }>>(
    { type: fc.constant("file"), path: anyText },
    { append: fc.boolean(), log: plain({ file: anyText, append: fc.boolean() }) }
  ),
  partial<Extract<ChardevSource, { type: "unix" }>>(
    { type: fc.constant("unix"), path: anyText },
    {
      mode: fc.constantFrom("bind", "connect"),
      reconnect: plain({ enabled: fc.boolean(), timeoutSeconds: int(60) })
    }
  ),
  plain({
    type: fc.constant("tcp" as const),
    mode: fc.constantFrom("bind", "connect"),
    host: anyText,
    service: word,
    protocol: fc.constantFrom("raw", "telnet")
  }),
  partial<Extract<ChardevSource, { type: "udp" }>>(
    { type: fc.constant("udp") },
    { connect: keeping(endpoint), bind: endpoint }
  )
)

const characters = fc.oneof(
  partial<Serial>(
    {
      kind: fc.constant("serial"),
      source: chardev,
      target: keeping(partial({}, { type: fc.constant("isa-serial"), port: int(3), model: word }))
    },
    info
  ),
  partial<Console>(
    {
      kind: fc.constant("console"),
      source: chardev,
      target: partial({}, { type: fc.constantFrom("serial", "virtio"), port: int(3) })
    },
    info
  ),
  partial<Channel>(
    {
      kind: fc.constant("channel"),
      source: chardev,
      target: partial<Extract<Channel["target"], { type: "virtio" }>>(
        { type: fc.constant("virtio") },
        { name: anyText, state: fc.constantFrom("connected", "disconnected") }
      )
    },
    info
  )
)

const graphics: fc.Arbitrary<Graphics> = fc.oneof(
  partial<Extract<Graphics, { type: "vnc" }>>(
    {
      kind: fc.constant("graphics"),
      type: fc.constant("vnc"),
      autoport: fc.constant(false),
      port: int(0xffff, 1),
      listens: fc.array(plain({ type: fc.constant("address" as const), address: anyText }), {
        minLength: 1,
        maxLength: 2
      })
    },
    { password: anyText, keymap: word, powerControl: fc.boolean(), audioId: int(9, 1) }
  ),
  partial<Extract<Graphics, { type: "spice" }>>(
    {
      kind: fc.constant("graphics"),
      type: fc.constant("spice"),
      autoport: fc.constant(true),
      channels: fc.array(plain({ name: word, mode: fc.constantFrom("any", "secure") }), {
        maxLength: 2
      }),
      listens: fc.constant([{ type: "address" as const }])
    },
    { port: int(0xffff, 1), tlsPort: int(0xffff, 1), streamingMode: fc.constant("filter") }
  )
)

const small = fc.oneof(
  partial<Extract<Device, { kind: "video" }>>(
    {
      kind: fc.constant("video"),
      model: keeping(
        partial(
          {},
          { type: word, vramKiB: int(1 << 20), heads: int(4), primary: fc.constant(true) }
        )
      )
    },
    info
  ),
  partial<Extract<Device, { kind: "input" }>>(
    { kind: fc.constant("input"), type: fc.constantFrom("mouse", "tablet", "keyboard") },
    { bus: fc.constantFrom("ps2", "usb", "virtio"), ...info }
  ),
  partial<Extract<Device, { kind: "rng" }>>(
    {
      kind: fc.constant("rng"),
      model: fc.constant("virtio"),
      backend: fc.oneof(
        plain({ type: fc.constant("random" as const), path: anyText }),
        fc.constant({ type: "builtin" as const }),
        plain({
          type: fc.constant("egd" as const),
          chardev: fc.constant({ type: "unix" as const, mode: "connect" as const, path: "/e" })
        })
      )
    },
    { rate: plain({ bytes: int(1 << 20), periodMs: int(1000) }), ...info }
  ),
  partial<Extract<Device, { kind: "memballoon" }>>(
    { kind: fc.constant("memballoon"), model: fc.constantFrom("virtio", "none") },
    { autodeflate: fc.boolean(), statsPeriodSeconds: int(60), ...info }
  ),
  partial<Extract<Device, { kind: "watchdog" }>>(
    {
      kind: fc.constant("watchdog"),
      model: fc.constantFrom("i6300esb", "itco"),
      action: fc.constantFrom("reset", "pause", "inject-nmi")
    },
    info
  ),
  partial<Extract<Device, { kind: "sound" }>>(
    {
      kind: fc.constant("sound"),
      model: word,
      codecs: fc.array(fc.constantFrom("duplex", "micro"), { maxLength: 3 })
    },
    { audioId: int(9, 1), ...info }
  ),
  partial<Extract<Device, { kind: "panic" }>>({ kind: fc.constant("panic") }, info)
)

const strange: fc.Arbitrary<Device> = keptElement.map((element) => ({
  kind: "kept",
  name: element.name,
  isKnown: false,
  consequence: "none",
  element
}))

const described = fc.oneof(controller, interfaceDevice, characters, graphics, hostdev, small)

export const device: fc.Arbitrary<Device> = fc.oneof(
  { weight: 9, arbitrary: keeping<Device>(described) },
  { weight: 1, arbitrary: strange }
)
