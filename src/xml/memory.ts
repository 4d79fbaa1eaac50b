/** `<memory>` and its kin, `<memoryBacking>`, and `<vcpu>`. */
import * as Result from "effect/Result"
import type { HugePage, Memory, MemoryBacking, Vcpus } from "../model/domain.ts"
import { integer, nonEmpty, oneOf, onOff } from "./codec.ts"
import {
  attribute,
  child,
  children,
  fields,
  flag,
  inside,
  mapped,
  orElse,
  type Part,
  required,
  type Sure,
  text
} from "./describe.ts"
import { sizeAttributeKiB, sizeKiB } from "./size.ts"

const hotplug = child(
  "maxMemory",
  fields<NonNullable<Memory["hotplug"]>>({
    slots: required("number of slots", attribute("slots", integer({ min: 1, max: 0x7fffffff }))),
    maximumKiB: sizeKiB
  })
)

const memoryFields = fields<Memory>({
  hotplug,
  maximumKiB: required("memory", inside("memory", sizeKiB)),
  dumpCore: inside("memory", attribute("dumpCore", onOff)),
  currentKiB: inside("currentMemory", sizeKiB)
})

/** Spread over three elements. A balloon's target of nothing, or beyond all, is all. */
export const memory: Sure<Memory> = {
  read: (from) =>
    Result.map(memoryFields.read(from), (value) => {
      const { maximumKiB, currentKiB = 0 } = value
      const isSensible = currentKiB > 0 && currentKiB <= maximumKiB
      return { ...value, currentKiB: isSensible ? currentKiB : maximumKiB }
    }),
  write: (value, to) =>
    memoryFields.write({ ...value, currentKiB: value.currentKiB ?? value.maximumKiB }, to)
}

const hugePage = fields<HugePage>({
  sizeKiB: sizeAttributeKiB("size"),
  nodeset: attribute("nodeset", nonEmpty)
})

const present = (name: string): Part<boolean> =>
  mapped(
    {
      read: (from) => Result.map(flag(name).read(from), (is) => is || undefined),
      write: flag(name).write
    },
    (is: boolean) => is,
    (is) => is
  )

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
