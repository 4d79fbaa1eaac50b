/**
 * One processor feature has up to three names: QEMU's, libvirt's and Linux'. Tables of those that
 * differ by more than a hyphen, and the makers' names. QEMU's are used inside.
 */
import type { ModelFeatures } from "../qemu/probe-models.ts"

/** libvirt's name of a feature that QEMU spells otherwise (libvirt's cpu_map, QEMU 7.2). */
const libvirtNames: { readonly [qemu: string]: string } = {
  "cmp-legacy": "cmp_legacy",
  "ds-cpl": "ds_cpl",
  "fxsr-opt": "fxsr_opt",
  "lahf-lm": "lahf_lm",
  "nodeid-msr": "nodeid_msr",
  pclmulqdq: "pclmuldq",
  "perfctr-core": "perfctr_core",
  "perfctr-nb": "perfctr_nb",
  "tsc-adjust": "tsc_adjust"
}

export const libvirtFeature = (qemu: string): string => libvirtNames[qemu] ?? qemu

/** Older spellings that libvirt and QEMU both still take. */
const olderNames: { readonly [name: string]: string } = {
  ffxsr: "fxsr-opt",
  i64: "lm",
  pclmuldq: "pclmulqdq",
  sse3: "pni",
  "sse4-1": "sse4.1",
  "sse4-2": "sse4.2",
  xd: "nx"
}

export const qemuFeature = (name: string): string => {
  const hyphened = name.replaceAll("_", "-")
  return olderNames[hyphened] ?? hyphened
}

const linuxNames: { readonly [flag: string]: string } = {
  avx512_bitalg: "avx512bitalg",
  avx512_vbmi2: "avx512vbmi2",
  avx512_vnni: "avx512vnni",
  core_capabilities: "core-capability",
  cr8_legacy: "cr8legacy",
  dts: "ds",
  nonstop_tsc: "invtsc",
  pausefilter: "pause-filter",
  sse4_1: "sse4.1",
  sse4_2: "sse4.2",
  tsc_deadline_timer: "tsc-deadline",
  tsxldtrk: "tsx-ldtrk",
  vnmi: "vnmi"
}

/**
 * The features of /proc/cpuinfo's flags in QEMU's names. Linux makes up flags of its own, so that
 * only what QEMU knows counts.
 */
export const featuresOfFlags = (
  flags: readonly string[],
  known: ReadonlySet<string>
): readonly string[] =>
  flags
    .map((flag) => linuxNames[flag] ?? flag.replaceAll("_", "-"))
    .filter((name) => known.has(name))
    .toSorted()

const vendors: { readonly [cpuid: string]: string } = {
  AuthenticAMD: "AMD",
  GenuineIntel: "Intel",
  HygonGenuine: "Hygon"
}

/** libvirt's name of a maker; undefined for one that it has no name for. */
export const libvirtVendor = (cpuid: string | undefined): string | undefined =>
  cpuid === undefined ? undefined : vendors[cpuid]

/** Which of QEMU's features there are at all, whether on or off. */
export const knownFeatures = (props: { readonly [name: string]: unknown }): ReadonlySet<string> =>
  new Set(
    Object.entries(props).flatMap(([name, value]) => (typeof value === "boolean" ? [name] : []))
  )

/** What a processor is made of, for comparing: its maker and its features, in QEMU's names. */
export type CpuFacts = Pick<ModelFeatures, "vendor"> & { readonly features: ReadonlySet<string> }
