/**
 * Goal: the command line says what the definition says, asks the binary what differs, and what
 * cannot be had is refused by name.
 * Method: small definitions, read back word by word.
 */
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import type { Device } from "../../../src/model/device.ts"
import type { Disk } from "../../../src/model/device/disk.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { buildArgv } from "../../../src/qemu/argv/argv.ts"
import { utcText } from "../../../src/qemu/argv/clock.ts"
import { type ArgvConfig, defaultArgvConfig } from "../../../src/qemu/argv/context.ts"
import { numbersIn } from "../../../src/qemu/argv/memory.ts"
import { prepareDomain } from "../../../src/qemu/complete.ts"
import { refusals } from "../../../src/qemu/refusal.ts"
import {
  argv,
  capabilities,
  completeOptions,
  deviceById,
  domain,
  objectsOf,
  prepared,
  resources,
  valuesOf
} from "./fixture.ts"

const disk = (dev: string, more: Partial<Disk> = {}): Disk => ({
  kind: "disk",
  device: "disk",
  source: { type: "file", file: `/images/${dev}` },
  target: { dev },
  isReadonly: false,
  isShareable: false,
  isTransient: false,
  ...more
})

const nodes = (given: Domain) => objectsOf(argv(given), "-blockdev")

const refusal = (given: Domain, config: ArgvConfig = defaultArgvConfig) => {
  const result = buildArgv(prepared(given), { capabilities, config, resources })
  if (Result.isSuccess(result)) throw new Error("it was not refused")
  return result.failure
}

describe("the skeleton", () => {
  test("starts stopped, with nothing that the definition does not name", () => {
    const words = argv(domain([]))
    expect(words.slice(0, 4)).toEqual([
      "/usr/bin/qemu-system-x86_64",
      "-name",
      "guest=guest,debug-threads=on",
      "-S"
    ])
    expect(words).toContain("-nodefaults")
    expect(words).toContain("-no-user-config")
    expect(valuesOf(words, "-m")).toEqual(["64"])
    expect(valuesOf(words, "-accel")).toEqual(["tcg"])
    expect(valuesOf(words, "-mon")).toEqual([])
  })

  test("has the monitor under the id that the start chose", () => {
    const words = argv(domain([]), { monitor: { id: "troupe.root.1.uuid", fd: 3 } })
    expect(valuesOf(words, "-chardev")).toEqual([
      "socket,id=troupe.root.1.uuid,fd=3,server=on,wait=off"
    ])
    expect(valuesOf(words, "-mon")).toEqual(["chardev=troupe.root.1.uuid,id=monitor,mode=control"])
  })

  test("turns ACPI off in the way that this QEMU has", () => {
    const given = domain([], {
      features: { acpi: false, pae: false, viridian: false, privnet: false }
    })
    expect(argv(given)).toContain("-no-acpi")
    const modern = {
      ...capabilities,
      options: { ...capabilities.options, machine: ["acpi", "hpet"] }
    }
    const words = Result.getOrThrow(
      buildArgv(prepared(given), {
        capabilities: modern,
        config: defaultArgvConfig,
        resources
      })
    )
    expect(words).not.toContain("-no-acpi")
    expect(valuesOf(words, "-machine")[0]).toContain("acpi=off")
  })
})

describe("disks", () => {
  test("number their nodes from the last disk to the first, and down each chain", () => {
    const overlay = disk("vda", {
      driver: { type: "qcow2" },
      backingStore: {
        type: "image",
        format: "qcow2",
        source: { type: "file", file: "/images/base" },
        backingStore: { type: "none" }
      }
    })
    expect(nodes(domain([overlay, disk("vdb")])).map((node) => node["node-name"])).toEqual([
      "libvirt-3-storage",
      "libvirt-3-format",
      "libvirt-2-storage",
      "libvirt-2-format",
      "libvirt-1-storage",
      "libvirt-1-format"
    ])
  })

  test("say that a chain ends, so that QEMU does not follow the image's own word", () => {
    const closed = disk("vda", { driver: { type: "qcow2" }, backingStore: { type: "none" } })
    expect(nodes(domain([closed])).at(-1)).toMatchObject({ driver: "qcow2", backing: null })
  })

  test("bypass the host's cache on both nodes when told to", () => {
    const given = domain([disk("vda", { driver: { cache: "none" } })])
    for (const node of nodes(given)) {
      expect(node["cache"]).toEqual({ direct: true, "no-flush": false })
    }
    expect(deviceById(argv(given), "virtio-disk0")).toMatchObject({ "write-cache": "on" })
  })

  test("boot in the order of the machine's list, the first of each class only", () => {
    const os = { type: "hvm", firmwareFeatures: [], boot: ["cdrom", "hd"] } as const
    const words = argv(domain([disk("hda", { device: "cdrom" }), disk("vda"), disk("vdb")], { os }))
    expect(deviceById(words, "ide0-0-0")).toMatchObject({ driver: "ide-cd", bootindex: 1 })
    expect(deviceById(words, "virtio-disk0")).toMatchObject({ bootindex: 2 })
    expect(deviceById(words, "virtio-disk1")).not.toHaveProperty("bootindex")
  })

  test("that are empty have a drive and no node", () => {
    const given = domain([disk("hda", { device: "cdrom", source: { type: "file" } })])
    expect(nodes(given)).toEqual([])
    expect(deviceById(argv(given), "ide0-0-0")).not.toHaveProperty("drive")
  })
})

describe("other devices", () => {
  test("a redirected USB device is a back-end and a port of the guest's", () => {
    const redirdev: Device = { kind: "redirdev", bus: "usb", source: { type: "spicevmc" } }
    const words = argv(domain([redirdev]))
    expect(valuesOf(words, "-chardev")).toEqual(["spicevmc,id=charredir0,name=usbredir"])
    expect(deviceById(words, "redir0")).toMatchObject({ driver: "usb-redir", port: "1" })
  })

  test("a shared folder is served by QEMU with the owners that it has", () => {
    const filesystem: Device = {
      kind: "filesystem",
      type: "mount",
      source: { dir: "/srv/a,b" },
      target: { dir: "tag" },
      isReadonly: true
    }
    const words = argv(domain([filesystem]))
    expect(valuesOf(words, "-fsdev")).toEqual([
      "local,security_model=passthrough,id=fsdev-fs0,path=/srv/a,,b,readonly=on"
    ])
    expect(deviceById(words, "fs0")).toMatchObject({ mount_tag: "tag", addr: "0x2" })
  })

  test("an interface on a tap device has its queues and their accelerators", () => {
    const card: Device = {
      kind: "interface",
      connection: { type: "bridge", bridge: "br0" },
      ips: [],
      model: "virtio",
      driver: { queues: 2 }
    }
    const taps = { net0: { fds: [5, 6], vhostFds: [7, 8] } }
    const words = argv(domain([card]), { taps })
    expect(objectsOf(words, "-netdev")).toEqual([
      { type: "tap", fds: "5:6", vhost: true, vhostfds: "7:8", id: "hostnet0" }
    ])
    expect(deviceById(words, "net0")).toMatchObject({ mq: true, vectors: 6 })
  })

  test("a display on a socket is given its key, so that the path may hold anything", () => {
    const socket = "/run/a=b,c.sock"
    const vnc: Device = {
      kind: "graphics",
      type: "vnc",
      autoport: true,
      listens: [{ type: "socket", socket }]
    }
    expect(valuesOf(argv(domain([vnc])), "-vnc")).toEqual([
      "vnc=unix:/run/a=b,,c.sock,audiodev=audio1"
    ])
  })
})

describe("memory and processors", () => {
  test("memory is rounded up to whole MiB, the same in both places", () => {
    const words = argv(domain([], { memory: { maximumKiB: 219_100 } }))
    expect(valuesOf(words, "-m")).toEqual(["214"])
    expect(objectsOf(words, "-object")).toMatchObject([{ id: "pc.ram", size: 224_395_264 }])
  })

  test("cells replace the main memory", () => {
    const cpu = {
      features: [],
      numa: {
        cells: [
          { cpus: "0", memoryKiB: 32_768, distances: [] },
          { cpus: "1", memoryKiB: 32_768, distances: [] }
        ]
      }
    }
    const words = argv(domain([], { cpu, vcpus: { maximum: 2, placement: "static" } }))
    expect(valuesOf(words, "-numa")).toEqual([
      "node,nodeid=0,cpus=0,memdev=ram-node0",
      "node,nodeid=1,cpus=1,memdev=ram-node1"
    ])
    expect(valuesOf(words, "-machine")[0]).not.toContain("memory-backend")
  })

  test("lists of numbers are read with ranges and exclusions", () => {
    expect(numbersIn("0-3,^2,7")).toEqual([0, 1, 3, 7])
    expect(numbersIn("")).toEqual([])
  })
})

test("seconds since 1970 are told as a date", () => {
  expect(utcText(0)).toBe("1970-01-01T00:00:00")
  expect(utcText(951_782_399)).toBe("2000-02-28T23:59:59")
  expect(utcText(951_782_400)).toBe("2000-02-29T00:00:00")
  expect(utcText(253_402_300_799)).toBe("9999-12-31T23:59:59")
})

describe("refused by name", () => {
  test("KVM that does not work, with the reason", () => {
    expect(refusal(domain([], { type: "kvm" })).message).toContain("there is no /dev/kvm")
  })

  test("a device that this QEMU lacks", () => {
    const sound: Device = { kind: "sound", model: "es1370", codecs: [] }
    expect(refusal(domain([sound]))).toMatchObject({
      _tag: "Unavailable",
      element: "sound es1370"
    })
  })

  test("a network card that would be any other device of QEMU's", () => {
    const card: Device = {
      kind: "interface",
      connection: { type: "user" },
      ips: [],
      model: "vfio-pci,host=00:00.0"
    }
    expect(refusal(domain([card]))._tag).toBe("Unavailable")
  })

  test("an encrypted connection that is not built, as a matter of protection", () => {
    const source = { type: "network", protocol: "nbd", hosts: [], tls: true } as const
    expect(refusal(domain([disk("vda", { source })]))).toMatchObject({
      _tag: "NotSupported",
      consequence: "security"
    })
  })

  test("a disk on an I/O thread that does not exist", () => {
    const given = domain([disk("vda", { driver: { iothread: 2 } })], { iothreads: 1 })
    expect(refusal(given)).toMatchObject({ _tag: "Conflict", reason: "there is no I/O thread 2" })
  })

  test("what is kept and would change the guest or its protection", () => {
    const piece = (consequence: "guest" | "security" | "none", name: string) => ({
      within: [],
      isKnown: true,
      consequence,
      what: "element" as const,
      element: { name, attributes: [], children: [] }
    })
    const given = domain([], {
      kept: [piece("none", "bandwidth"), piece("security", "launchSecurity")]
    })
    expect(refusals(given)).toEqual([
      { owner: "", what: "<launchSecurity>", consequence: "security" }
    ])
    expect(refusal(given)).toMatchObject({ _tag: "NotSupported", consequence: "security" })
  })

  test("a device that is kept whole", () => {
    const tpm: Device = {
      kind: "kept",
      name: "tpm",
      isKnown: true,
      consequence: "guest",
      element: { name: "tpm", attributes: [], children: [] }
    }
    expect(refusal(domain([tpm])).message).toContain("<tpm>")
  })

  test("a board of another architecture, before anything else", () => {
    const os = { type: "hvm", arch: "aarch64", firmwareFeatures: [], boot: [] } as const
    const result = prepareDomain(domain([], { os }), completeOptions)
    expect(Result.isFailure(result) && result.failure._tag).toBe("Unavailable")
  })
})
