/**
 * `<domain>`: a machine's definition, text to model and back. What is understood is acted on, what
 * is known is kept, what is unknown is kept and reported. Defaults here are libvirt's own; those
 * that depend on a QEMU binary or a machine type are `src/qemu`'s.
 */
import * as Result from "effect/Result"
import type { Device } from "../model/device.ts"
import type { Domain, Resource, Seclabel } from "../model/domain.ts"
import type { Os } from "../model/machine.ts"
import { clock, lifecycleActions, pm } from "./clock.ts"
import { type Codec, integer, nonEmpty, oneOf, string, uuid, yesNo } from "./codec.ts"
import { cpu } from "./cpu.ts"
import {
  attribute,
  changesGuest,
  changesNothing,
  changesSecurity,
  checked,
  child,
  children,
  dropped,
  fields,
  inside,
  live,
  orElse,
  type Part,
  readWhole,
  required,
  type Sure,
  text,
  writeWhole
} from "./describe.ts"
import { devices } from "./device.ts"
import { parseElement } from "./element.ts"
import { XmlError } from "./error.ts"
import { features } from "./features.ts"
import { keptMemoryKiB, memory, memoryBacking, settleMemory, vcpus } from "./memory.ts"
import { metadata } from "./metadata.ts"
import { os } from "./os.ts"
import { type DocumentKind, type Purpose, Reading, type Report } from "./reading.ts"
import { writeElement } from "./write.ts"

const resource = child(
  "resource",
  fields<Resource>({
    partition: inside("partition", text(nonEmpty)),
    fibrechannelAppid: inside("fibrechannel", attribute("appid", nonEmpty))
  })
)

const seclabelFields = fields<Seclabel>({
  type: orElse(attribute("type", oneOf("dynamic", "static", "none")), "dynamic"),
  model: attribute("model", nonEmpty),
  relabel: attribute("relabel", yesNo),
  label: inside("label", text(string)),
  baselabel: inside("baselabel", text(string)),
  imagelabel: live(inside("imagelabel", text(string)))
})

/** No protection at all has a model of that name. */
const seclabel: Sure<Seclabel> = checked(seclabelFields, (value) => {
  const isNone = value.type === "none" && value.model === undefined
  return Result.succeed(isNone ? { ...value, model: "none" } : value)
})

const genid: Codec<string> = {
  decode: (value) => (value.trim() === "" ? Result.succeed("generate") : uuid.decode(value)),
  encode: (value) => (value === "generate" ? "" : value)
}

/** The text of an element below, or nothing where it is empty. */
const words = (name: string): Part<string> => {
  const part = inside(name, text(string))
  const read: Part<string>["read"] = (from) =>
    Result.map(part.read(from), (found) => (found === "" ? undefined : found))
  return { read, write: part.write }
}

const described = fields<Domain>({
  type: required("type of the domain", attribute("type", oneOf("qemu", "kvm"))),
  "@id": dropped,
  name: required("name", inside("name", text(nonEmpty))),
  uuid: required("uuid", inside("uuid", text(uuid))),
  hwuuid: inside("hwuuid", text(uuid)),
  genid: inside("genid", text(genid)),
  title: words("title"),
  description: words("description"),
  metadata,
  memory,
  "<blkiotune>": changesNothing,
  "<memtune>": changesNothing,
  memoryBacking,
  vcpus,
  "<vcpus>": changesGuest,
  iothreads: inside("iothreads", text(integer({ max: 0xffff }))),
  "<iothreadids>": changesGuest,
  "<defaultiothread>": changesNothing,
  "<cputune>": changesNothing,
  "<numatune>": changesNothing,
  resource,
  "<sysinfo>": changesGuest,
  "<bootloader>": changesGuest,
  "<bootloader_args>": changesGuest,
  os,
  "<idmap>": changesNothing,
  features,
  cpu,
  clock,
  ...lifecycleActions,
  pm,
  "<perf>": changesNothing,
  emulator: inside("devices", inside("emulator", text(nonEmpty))),
  devices: orElse(inside("devices", devices), []),
  seclabels: children("seclabel", seclabel),
  "<keywrap>": changesSecurity,
  "<launchSecurity>": changesSecurity,
  "<qemu:commandline>": changesGuest,
  "<qemu:capabilities>": changesGuest,
  "<qemu:override>": changesGuest,
  "<qemu:deprecation>": changesNothing
})

function hasBootOrder(device: Device): boolean {
  if (device.kind !== "kept") return "boot" in device
  return device.element.children.some((part) => typeof part !== "string" && part.name === "boot")
}

/** A guest with no boot order of any kind boots from its first disk. */
function settleBoot({ os, devices }: Domain): Os {
  const hasOrder = os.boot.length > 0 || devices.some(hasBootOrder) || os.kernel !== undefined
  return hasOrder ? os : { ...os, boot: ["hd"] }
}

/** What the parts of a definition mean together. */
const domain: Sure<Domain> = checked(described, (value, from) => {
  const cellsKiB = (value.cpu?.numa?.cells ?? []).reduce((sum, cell) => sum + cell.memoryKiB, 0)
  const devicesKiB = keptMemoryKiB(value.devices)
  const isSettled = from.context.purpose === "reload" && value.memory.maximumKiB > 0
  const sizes = { cellsKiB: isSettled ? 0 : cellsKiB, devicesKiB }
  const memory = settleMemory(value.memory, sizes)
  if (memory.maximumKiB === 0) return Result.fail(from.refuse("missing", "there is no memory"))
  if (memory.maximumKiB > Number.MAX_SAFE_INTEGER) {
    return Result.fail(from.refuse("invalid", "the memory of all NUMA cells is beyond any machine"))
  }
  return Result.succeed({ ...value, memory, os: settleBoot(value) })
})

export interface ParseOptions {
  /** The UUID of a definition that has none. Without it such a definition is refused. */
  readonly uuid?: string
  /**
   * `inactive` (the default) passes over what only a running guest has: its id, its aliases, ...
   */
  readonly kind?: DocumentKind
  /**
   * `define` (the default) lets the NUMA cells say how much memory there is; `reload` takes the
   * sizes as they stand, so that a guest never changes by being read again.
   */
  readonly purpose?: Purpose
}

export interface Parsed {
  readonly domain: Domain
  /** What was kept without being acted on, in no particular order of importance. */
  readonly reports: readonly Report[]
  /** The id that a running guest had when this was written. */
  readonly id?: number
}

/**
 * Reads a definition. Fails with the place and the reason when the text is not XML, is past a
 * bound, is not a domain, or says something that cannot be meant.
 */
export function parseDomain(
  text: string,
  options: ParseOptions = {}
): Result.Result<Parsed, XmlError> {
  const root = parseElement(text)
  if (Result.isFailure(root)) return Result.fail(root.failure)
  const { line, column, name, uri, children } = root.success
  if (name !== "domain" || uri !== "") {
    const reason = `the root element is <${name}>, not <domain>`
    return Result.fail(new XmlError({ problem: "invalid", line, column, path: "", reason }))
  }
  const reports: Report[] = []
  const hasUuid = children.some((part) => typeof part !== "string" && part.name === "uuid")
  const given =
    hasUuid || options.uuid === undefined ? [] : [uuidElement(options.uuid, root.success)]
  const element = { ...root.success, children: [...children, ...given] }
  const { kind = "inactive", purpose = "define" } = options
  const reading = new Reading(element, "/domain", { kind, purpose, reports })
  const id = attribute("id", integer({ min: -1 })).read(reading)
  if (Result.isFailure(id)) return Result.fail(id.failure)
  const running = id.success === undefined || id.success < 0 ? {} : { id: id.success }
  return Result.map(readWhole(domain, reading), (read) => ({ domain: read, reports, ...running }))
}

function uuidElement(uuid: string, at: { readonly line: number; readonly column: number }) {
  const { line, column } = at
  const name = { name: "uuid", local: "uuid", prefix: "", uri: "" }
  return { ...name, attributes: [], children: [uuid], line, column }
}

export interface FormatOptions {
  /**
   * `inactive` (the default) is the definition; `active` adds what the running guest was given.
   */
  readonly kind?: DocumentKind
  /** The running guest's id, written for `active`. */
  readonly id?: number
  /** False leaves out passwords, as libvirt does unless asked. True by default. */
  readonly withSecrets?: boolean
}

/** The definition as libvirt would print it, ending in a newline. */
export function formatDomain(value: Domain, options: FormatOptions = {}): string {
  const { kind = "inactive", withSecrets = true, id } = options
  const element = writeWhole(domain, value, { name: "domain", context: { kind, withSecrets } })
  const [type, ...others] = element.attributes
  const running = kind === "active" && id !== undefined ? [{ name: "id", value: String(id) }] : []
  const attributes = type === undefined ? running : [type, ...running, ...others]
  return `${writeElement({ ...element, attributes })}\n`
}
