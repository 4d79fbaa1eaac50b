/** `<cpu>`: model, features, topology, caches, NUMA cells. */
import * as Result from "effect/Result"
import type { Cpu, CpuFeature, CpuModel, CpuTopology, NumaCell } from "../model/cpu.ts"
import { integer, nonEmpty, oneOf, onOff, yesNo } from "./codec.ts"
import {
  attribute,
  changesGuest,
  checked,
  child,
  children,
  fields,
  grouped,
  inside,
  orElse,
  required,
  text
} from "./describe.ts"
import { path } from "./os.ts"
import { sizeAttributeKiB } from "./size.ts"

const uint32 = integer({ max: 0xffffffff })
const count = integer({ min: 1, max: 0xffffffff })

const model = fields<CpuModel>({
  fallback: attribute("fallback", oneOf("allow", "forbid")),
  vendorId: attribute("vendor_id", nonEmpty),
  name: path
})

const topology = fields<CpuTopology>({
  sockets: required("number of sockets", attribute("sockets", count)),
  dies: orElse(attribute("dies", count), 1),
  clusters: attribute("clusters", count),
  cores: required("number of cores", attribute("cores", count)),
  threads: required("number of threads", attribute("threads", count))
})

const feature = fields<CpuFeature>({
  policy: attribute("policy", oneOf("force", "require", "optional", "disable", "forbid")),
  name: required("name of the feature", attribute("name", nonEmpty)),
  "@migratable": changesGuest
})

const cell = fields<NumaCell>({
  id: attribute("id", uint32),
  cpus: attribute("cpus", nonEmpty),
  memoryKiB: sizeAttributeKiB("memory"),
  memAccess: attribute("memAccess", oneOf("shared", "private")),
  discard: attribute("discard", yesNo),
  distances: grouped(
    "distances",
    children(
      "sibling",
      fields<NumaCell["distances"][number]>({
        id: required("id of the sibling", attribute("id", uint32)),
        value: required("value of the sibling", attribute("value", integer({ min: 10, max: 255 })))
      })
    )
  ),
  "<cache>": changesGuest
})

const cpuFields = fields<Cpu>({
  mode: attribute("mode", oneOf("custom", "host-model", "host-passthrough", "maximum")),
  match: attribute("match", oneOf("minimum", "exact", "strict")),
  check: attribute("check", oneOf("none", "partial", "full")),
  migratable: attribute("migratable", onOff),
  model: child("model", model),
  vendor: inside("vendor", text(nonEmpty)),
  topology: child("topology", topology),
  cache: child(
    "cache",
    fields<NonNullable<Cpu["cache"]>>({
      level: attribute("level", integer({ min: 1, max: 3 })),
      mode: required(
        "mode of the cache",
        attribute("mode", oneOf("emulate", "passthrough", "disable"))
      )
    })
  ),
  maxphysaddr: child(
    "maxphysaddr",
    fields<NonNullable<Cpu["maxphysaddr"]>>({
      mode: required(
        "mode of the physical address size",
        attribute("mode", oneOf("emulate", "passthrough"))
      ),
      bits: attribute("bits", integer({ min: 1, max: 64 })),
      "@limit": changesGuest
    })
  ),
  features: children("feature", feature),
  numa: child(
    "numa",
    fields<NonNullable<Cpu["numa"]>>({
      cells: children("cell", cell),
      "<interconnects>": changesGuest
    })
  )
})

/** A fallback to what is allowed anyway, of no model in particular. */
const saysNothing = ({ name, vendorId, fallback, kept }: CpuModel): boolean =>
  name === undefined && vendorId === undefined && kept === undefined && fallback !== "forbid"

/** libvirt's silent defaults: a model means `custom`, and `custom` means an exact match. */
export const cpu = child(
  "cpu",
  checked(cpuFields, (value) => {
    const mode = value.mode ?? (value.model === undefined ? undefined : "custom")
    const isCustom = mode === "custom" || mode === undefined
    const match = value.match ?? (isCustom && value.model !== undefined ? "exact" : undefined)
    const { model, ...rest } = value
    return Result.succeed({
      ...rest,
      ...(mode === undefined ? {} : { mode }),
      ...(match === undefined ? {} : { match }),
      ...(model === undefined || (!isCustom && saysNothing(model)) ? {} : { model })
    })
  })
)
