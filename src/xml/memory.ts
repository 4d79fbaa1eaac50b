/** `<memory>` and its kin, `<memoryBacking>`, and `<vcpu>`. */
import * as Result from "effect/Result"
import type { Device } from "../model/device.ts"
import type { HugePage, Memory, MemoryBacking, Vcpus } from "../model/domain.ts"
import type { KeptElement } from "../model/kept.ts"
import { integer, nonEmpty, oneOf, onOff } from "./codec.ts"
import {
  attribute,
  child,
  children,
  fields,
  flag,
  inside,
  orElse,
  type Part,
  required,
  type Sure,
  text,
  unless
} from "./describe.ts"
import { sizeAttributeKiB, sizeKiB } from "./size.ts"
import { toKiB } from "./units.ts"

const hotplug = child(
  "maxMemory",
  fields<NonNullable<Memory["hotplug"]>>({
    slots: required("number of slots", attribute("slots", integer({ min: 1, max: 0x7fffffff }))),
    maximumKiB: sizeKiB
  })
)

const memoryFields = fields<Memory>({
  hotplug,
  // Where the size is the sum of the NUMA cells, it need not be said.
  maximumKiB: orElse(inside("memory", sizeKiB), 0),
  dumpCore: inside("memory", attribute("dumpCore", onOff)),
  currentKiB: inside("currentMemory", sizeKiB)
})

/** Spread over three elements. The balloon's target is always written. */
export const memory: Sure<Memory> = {
  read: memoryFields.read,
  write: (value, to) =>
    memoryFields.write({ ...value, currentKiB: value.currentKiB ?? value.maximumKiB }, to)
}

/**
 * The sizes that a definition amounts to: NUMA cells with memory devices, where there are cells,
 * have the last word; a balloon's target of nothing, or beyond all, is all.
 */
export function settleMemory(
  memory: Memory,
  { cellsKiB, devicesKiB }: { readonly cellsKiB: number; readonly devicesKiB: number }
): Memory {
  const maximumKiB = cellsKiB > 0 ? cellsKiB + devicesKiB : memory.maximumKiB
  const { currentKiB = 0 } = memory
  const isSensible = currentKiB > 0 && currentKiB <= maximumKiB
  return { ...memory, maximumKiB, currentKiB: isSensible ? currentKiB : maximumKiB }
}

/**
 * The sizes of the memory devices, which are kept whole. A size that cannot be read counts as
 * none.
 */
export function keptMemoryKiB(devices: readonly Device[]): number {
  return devices.reduce((sum, device) => {
    if (device.kind !== "kept" || device.name !== "memory") return sum
    const size = below(below(device.element, "target"), "size")
    const text = size?.children.filter((child) => typeof child === "string").join("") ?? ""
    const unit = size?.attributes.find(({ name }) => name === "unit")?.value ?? "KiB"
    return sum + Result.getOrElse(toKiB(text, unit), () => 0)
  }, 0)
}

function below(element: KeptElement | undefined, name: string): KeptElement | undefined {
  return element?.children.find((child) => typeof child !== "string" && child.name === name) as
    | KeptElement
    | undefined
}

const hugePage = fields<HugePage>({
  sizeKiB: sizeAttributeKiB("size"),
  nodeset: attribute("nodeset", nonEmpty)
})

/** Whether there is such an element, as a field that is absent when there is not. */
const present = (name: string): Part<boolean> => unless(flag(name), false)

export const memoryBacking = child(
  "memoryBacking",
  fields<MemoryBacking>({
    hugepages: child(
      "hugepages",
      fields<NonNullable<MemoryBacking["hugepages"]>>({ pages: children("page", hugePage) })
    ),
    nosharepages: present("nosharepages"),
    locked: present("locked"),
    source: inside("source", attribute("type", oneOf("anonymous", "file", "memfd"))),
    access: inside("access", attribute("mode", oneOf("shared", "private"))),
    allocation: child(
      "allocation",
      fields<NonNullable<MemoryBacking["allocation"]>>({
        mode: attribute("mode", oneOf("immediate", "ondemand")),
        threads: attribute("threads", integer({ min: 1, max: 4096 }))
      })
    ),
    discard: present("discard")
  })
)

const vcpuFields = fields<Vcpus>({
  placement: orElse(attribute("placement", oneOf("static", "auto")), "static"),
  cpuset: attribute("cpuset", nonEmpty),
  current: attribute("current", integer({ min: 1, max: 0xffffffff })),
  maximum: text(integer({ min: 1, max: 0xffffffff }))
})

/** Without the element a guest has one. */
export const vcpus: Sure<Vcpus> = orElse(child("vcpu", vcpuFields), {
  maximum: 1,
  placement: "static"
})
