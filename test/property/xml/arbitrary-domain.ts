/** Arbitrary definitions, in the form in which reading leaves them. */
import * as fc from "fast-check"
import type { Cpu } from "../../../src/model/cpu.ts"
import { orderDevices } from "../../../src/model/device-order.ts"
import type { Domain, MemoryBacking } from "../../../src/model/domain.ts"
import type { Clock, Features, Os } from "../../../src/model/machine.ts"
import { device, disk } from "./arbitrary-device.ts"
import { anyText, keeping, keptElement, partial, plain, word } from "./arbitrary-part.ts"

const int = (max: number, min = 0) => fc.integer({ min, max })

const os: fc.Arbitrary<Os> = partial<Os>(
  {
    type: fc.constant("hvm"),
    boot: fc.uniqueArray(fc.constantFrom("hd", "cdrom", "network", "fd"), { minLength: 1 }),
    firmwareFeatures: fc.array(plain({ name: word, enabled: fc.boolean() }), { maxLength: 2 })
  },
  {
    arch: fc.constant("x86_64"),
    machine: word,
    firmware: fc.constantFrom("efi", "bios"),
    loader: partial({}, { path: word, type: fc.constant("pflash"), isReadonly: fc.boolean() }),
    nvram: partial({}, { path: word, template: anyText }),
    kernel: anyText,
    initrd: anyText,
    cmdline: anyText,
    bootmenu: partial<NonNullable<Os["bootmenu"]>>(
      { enable: fc.boolean() },
      { timeoutMs: int(65535) }
    ),
    bios: partial({}, { rebootTimeoutMs: int(65535, -1), useSerial: fc.boolean() }),
    smbiosMode: fc.constantFrom("host", "sysinfo")
  }
)

const features: fc.Arbitrary<Features> = partial<Features>(
  { acpi: fc.boolean(), pae: fc.boolean(), viridian: fc.boolean(), privnet: fc.boolean() },
  {
    apic: keeping(partial({}, { eoi: fc.boolean() })),
    pmu: fc.boolean(),
    vmport: fc.boolean(),
    smm: partial({}, { state: fc.boolean(), tsegKiB: int(1 << 16) }),
    kvm: partial({}, { hidden: fc.boolean(), dirtyRing: plain({ state: fc.boolean() }) }),
    hyperv: keeping(
      partial<NonNullable<Features["hyperv"]>>(
        { mode: fc.constantFrom("custom", "passthrough") },
        {
          relaxed: fc.boolean(),
          stimer: partial<NonNullable<NonNullable<Features["hyperv"]>["stimer"]>>(
            { state: fc.boolean() },
            { direct: fc.boolean() }
          )
        }
      )
    )
  }
)

const cpu: fc.Arbitrary<Cpu> = partial<Cpu>(
  {
    mode: fc.constantFrom("custom", "host-passthrough", "maximum"),
    match: fc.constantFrom("exact", "strict"),
    features: fc.array(plain({ name: word, policy: fc.constantFrom("require", "disable") }), {
      maxLength: 3
    })
  },
  {
    check: fc.constantFrom("none", "full"),
    model: keeping(plain({ name: word, fallback: fc.constantFrom("allow", "forbid") })),
    topology: plain({
      sockets: int(4, 1),
      dies: int(2, 1),
      cores: int(8, 1),
      threads: int(2, 1)
    }),
    numa: plain({
      cells: fc.array(
        plain({
          memoryKiB: int(1 << 30),
          distances: fc.array(plain({ id: int(3), value: int(255, 10) }), { maxLength: 2 })
        }),
        { minLength: 1, maxLength: 2 }
      )
    })
  }
)

const clock: fc.Arbitrary<Clock> = partial<Clock>(
  {
    offset: fc.constantFrom("utc", "localtime", "variable"),
    timers: fc.array(
      keeping(
        partial<Clock["timers"][number]>(
          { name: fc.constantFrom("rtc", "pit", "hpet") },
          { present: fc.boolean(), tickpolicy: fc.constantFrom("delay", "catchup") }
        )
      ),
      { maxLength: 2 }
    )
  },
  { adjustment: fc.oneof(fc.integer(), fc.constant("reset" as const)) }
)

const memoryBacking: fc.Arbitrary<MemoryBacking> = partial<MemoryBacking>(
  {},
  {
    locked: fc.constant(true),
    source: fc.constantFrom("memfd", "file"),
    hugepages: plain({
      pages: fc.array(plain({ sizeKiB: int(1 << 20, 4) }), { maxLength: 2 })
    })
  }
)

const memory = int(1 << 30, 1).chain((maximumKiB) =>
  plain({ maximumKiB: fc.constant(maximumKiB), currentKiB: int(maximumKiB, 1) })
)

/** Metadata is told apart by its namespaces. */
const metadata = fc.array(
  keptElement.map((element) => ({
    ...element,
    name: `m:${element.name}`,
    attributes: [{ name: "xmlns:m", value: "urn:m" }, ...element.attributes]
  })),
  { maxLength: 2 }
)

/** NUMA cells say how much memory there is. */
function withCells(value: Domain): Domain {
  const cells = value.cpu?.numa?.cells ?? []
  const maximumKiB = cells.reduce((sum, { memoryKiB }) => sum + memoryKiB, 0)
  return maximumKiB === 0 ? value : { ...value, memory: { maximumKiB, currentKiB: maximumKiB } }
}

export const domain: fc.Arbitrary<Domain> = keeping(
  partial<Domain>(
    {
      type: fc.constantFrom("kvm", "qemu"),
      name: anyText,
      uuid: fc.uuid(),
      metadata,
      memory,
      vcpus: partial<Domain["vcpus"]>(
        { maximum: int(64, 1), placement: fc.constant("static") },
        { cpuset: word }
      ),
      os: keeping(os),
      features,
      clock,
      onPoweroff: fc.constantFrom("destroy", "restart", "preserve"),
      onReboot: fc.constantFrom("destroy", "restart"),
      onCrash: fc.constantFrom("destroy", "coredump-restart"),
      devices: fc
        .tuple(fc.array(disk, { maxLength: 3 }), fc.array(device, { maxLength: 6 }))
        .map(([disks, others]) => orderDevices([...disks, ...others])),
      seclabels: fc.array(
        partial<Domain["seclabels"][number]>(
          { type: fc.constantFrom("dynamic", "static") },
          { model: word, label: anyText, relabel: fc.boolean() }
        ),
        { maxLength: 2 }
      )
    },
    {
      title: anyText,
      description: anyText,
      genid: fc.oneof(fc.uuid(), fc.constant("generate")),
      cpu: keeping(cpu),
      memoryBacking: keeping(memoryBacking),
      iothreads: int(16),
      emulator: anyText,
      pm: partial({}, { suspendToMem: fc.boolean() })
    }
  ).map(withCells)
)
