/**
 * `<features>`: the machine's switches. Each has one of three spellings, all three are rows here.
 */
import type { Features, HypervFeatures, KvmFeatures } from "../model/machine.ts"
import { integer, nonEmpty, onOff, oneOf } from "./codec.ts"
import {
  attribute,
  changesGuest,
  changesNothing,
  changesSecurity,
  child,
  fields,
  flag,
  inside,
  orElse,
  type Part,
  required,
  type Sure
} from "./describe.ts"
import { sizeIn } from "./size.ts"

/** `<name state='on'/>`; the element without a state means on. */
const state = (name: string): Part<boolean> => inside(name, stateOn)

const stateOn: Sure<boolean> = orElse(attribute("state", onOff), true)

const kvm = fields<KvmFeatures>({
  hidden: state("hidden"),
  hintDedicated: state("hint-dedicated"),
  pollControl: state("poll-control"),
  pvIpi: state("pv-ipi"),
  dirtyRing: child(
    "dirty-ring",
    fields<NonNullable<KvmFeatures["dirtyRing"]>>({
      state: required("state", attribute("state", onOff)),
      size: attribute("size", integer({ min: 1024, max: 65536 }))
    })
  )
})

const hyperv = fields<HypervFeatures>({
  mode: orElse(attribute("mode", oneOf("custom", "passthrough")), "custom"),
  relaxed: state("relaxed"),
  vapic: state("vapic"),
  spinlocks: child(
    "spinlocks",
    fields<NonNullable<HypervFeatures["spinlocks"]>>({
      state: stateOn,
      retries: attribute("retries", integer({ min: 0xfff, max: 0xffffffff }))
    })
  ),
  vpindex: state("vpindex"),
  runtime: state("runtime"),
  synic: state("synic"),
  stimer: child(
    "stimer",
    fields<NonNullable<HypervFeatures["stimer"]>>({ state: stateOn, direct: state("direct") })
  ),
  reset: state("reset"),
  vendorId: child(
    "vendor_id",
    fields<NonNullable<HypervFeatures["vendorId"]>>({
      state: stateOn,
      value: attribute("value", nonEmpty)
    })
  ),
  frequencies: state("frequencies"),
  reenlightenment: state("reenlightenment"),
  tlbflush: state("tlbflush"),
  ipi: state("ipi"),
  evmcs: state("evmcs"),
  avic: state("avic"),
  "<emsr_bitmap>": changesGuest,
  "<xmm_input>": changesGuest
})

const featureFields = fields<Features>({
  acpi: flag("acpi"),
  apic: child("apic", fields<NonNullable<Features["apic"]>>({ eoi: attribute("eoi", onOff) })),
  pae: flag("pae"),
  hap: state("hap"),
  viridian: flag("viridian"),
  privnet: flag("privnet"),
  hyperv: child("hyperv", hyperv),
  kvm: child("kvm", kvm),
  "<xen>": changesGuest,
  pvspinlock: state("pvspinlock"),
  pmu: state("pmu"),
  vmport: state("vmport"),
  "<gic>": changesGuest,
  smm: child(
    "smm",
    fields<NonNullable<Features["smm"]>>({
      state: attribute("state", onOff),
      tsegKiB: inside("tseg", sizeIn("MiB"))
    })
  ),
  ioapicDriver: inside("ioapic", attribute("driver", oneOf("kvm", "qemu"))),
  "<hpt>": changesGuest,
  vmcoreinfo: state("vmcoreinfo"),
  "<htm>": changesGuest,
  "<nested-hv>": changesGuest,
  "<capabilities>": changesSecurity,
  "<msrs>": changesGuest,
  "<ccf-assist>": changesGuest,
  "<cfpc>": changesGuest,
  "<sbbc>": changesGuest,
  "<ibs>": changesGuest,
  "<tcg>": changesNothing,
  "<async-teardown>": changesNothing
})

const none: Features = { acpi: false, pae: false, viridian: false, privnet: false }

/** An empty `<features/>` is not written. */
export const features: Sure<Features> = {
  read: orElse(child("features", featureFields), none).read,
  write: (value, to) => {
    const isEmpty = Object.values(value).every((field) => field === false)
    if (!isEmpty) child("features", featureFields).write(value, to)
  }
}
