/**
 * `<volume>`: what a client wants a new volume to be, text to model; and a volume as it stands,
 * model to text.
 */
import * as Result from "effect/Result"
import type { Keeps, KeptElement } from "../model/kept.ts"
import type { BackingWish, FileTimes, Volume, VolumeTarget, VolumeWish } from "../model/storage.ts"
import { nonEmpty, oneOf, string } from "./codec.ts"
import {
  attribute,
  changesGuest,
  changesSecurity,
  checked,
  child,
  dropped,
  fields,
  flag,
  inside,
  type Part,
  required,
  text
} from "./describe.ts"
import type { XmlError } from "./error.ts"
import { keptIn } from "../model/kept.ts"
import type { Report } from "./reading.ts"
import { permissions, readDocument, sizeBytes } from "./storage-parts.ts"
import { writeElement } from "./write.ts"

const format: Part<string> = inside("format", attribute("type", nonEmpty))

const lazyRefcounts: Part<boolean> = inside("features", flag("lazy_refcounts"))

const target = fields<VolumeTarget>({
  "<path>": dropped,
  format,
  permissions: child("permissions", permissions),
  "<timestamps>": dropped,
  "<encryption>": changesSecurity,
  compat: inside("compat", text(oneOf("0.10", "1.1"))),
  clusterBytes: sizeBytes("clusterSize", "B"),
  hasLazyRefcounts: lazyRefcounts,
  "<nocow>": changesGuest
})

/** A backing element without a path is what libvirt writes where there is none. */
const backing = fields<BackingWish>({
  path: inside("path", text(string)),
  format,
  "<permissions>": dropped,
  "<timestamps>": dropped,
  "<compat>": dropped,
  "<features>": dropped,
  "<encryption>": changesSecurity
})

interface VolumeDocument extends VolumeWish, Keeps {
  readonly type?: string
}

const described = fields<VolumeDocument>({
  type: attribute("type", string),
  name: required("name", inside("name", text(nonEmpty))),
  "<key>": dropped,
  "<source>": dropped,
  capacityBytes: sizeBytes("capacity"),
  allocationBytes: sizeBytes("allocation"),
  "<physical>": dropped,
  target: child("target", target),
  backing: child("backingStore", backing)
})

/** What would have to be acted on and is not makes another volume than the one asked for. */
const whole = checked(described, (volume, from) => {
  if (volume.type !== undefined && volume.type !== "file") {
    const reason = `volumes of type '${volume.type.slice(0, 40)}' are not supported, only 'file'`
    return Result.fail(from.refuse("unsupported", reason))
  }
  const lost = keptIn(volume).find(({ kept }) => kept.consequence !== "none")?.kept
  if (lost === undefined) return Result.succeed(volume)
  const what = lost.what === "element" ? `<${lost.element.name}>` : lost.attribute.name
  return Result.fail(from.refuse("unsupported", `${what} is not supported`))
})

export interface ParsedVolume {
  readonly wish: VolumeWish
  readonly reports: readonly Report[]
}

export const parseVolume = (xml: string): Result.Result<ParsedVolume, XmlError> =>
  Result.map(readDocument(xml, "volume", whole), ({ value, reports }) => ({
    wish: value,
    reports
  }))

type Content = KeptElement | string

const element = (name: string, ...children: readonly Content[]): KeptElement => ({
  name,
  attributes: [],
  children
})

const withAttribute = (made: KeptElement, name: string, value: string): KeptElement => ({
  ...made,
  attributes: [{ name, value }]
})

const size = (name: string, bytes: number, unit = "bytes"): KeptElement =>
  withAttribute(element(name, String(bytes)), "unit", unit)

const formatElement = (type: string): KeptElement => withAttribute(element("format"), "type", type)

/** Seconds with nine digits behind the point. */
const seconds = (ms: number): string => {
  const whole = Math.floor(ms / 1000)
  const nanos = Math.min(999_999_999, Math.round((ms - whole * 1000) * 1e6))
  return `${whole}.${String(nanos).padStart(9, "0")}`
}

const timestamps = ({ accessedMs, modifiedMs, changedMs }: FileTimes): KeptElement =>
  element(
    "timestamps",
    element("atime", seconds(accessedMs)),
    element("mtime", seconds(modifiedMs)),
    element("ctime", seconds(changedMs))
  )

const permissionsOf = ({ mode, owner, group }: Volume): KeptElement =>
  element(
    "permissions",
    element("mode", `0${mode.toString(8).padStart(3, "0")}`),
    element("owner", String(owner)),
    element("group", String(group))
  )

const targetOf = (volume: Volume): KeptElement => {
  const { path, compat, clusterBytes, hasLazyRefcounts } = volume
  const features = hasLazyRefcounts === true ? [element("lazy_refcounts")] : []
  return element(
    "target",
    element("path", path),
    formatElement(volume.format),
    permissionsOf(volume),
    timestamps(volume.times),
    ...(compat === undefined ? [] : [element("compat", compat)]),
    ...(clusterBytes === undefined ? [] : [size("clusterSize", clusterBytes, "B")]),
    ...(volume.format === "qcow2" ? [element("features", ...features)] : [])
  )
}

/** The text, with a final newline. */
export const formatVolume = (volume: Volume): string => {
  const { name, path, backing: base } = volume
  const below =
    base === undefined
      ? []
      : [
          element(
            "backingStore",
            element("path", base.path),
            ...(base.format === undefined ? [] : [formatElement(base.format)])
          )
        ]
  const tree = element(
    "volume",
    element("name", name),
    element("key", path),
    size("capacity", volume.capacityBytes),
    size("allocation", volume.allocationBytes),
    size("physical", volume.physicalBytes),
    targetOf(volume),
    ...below
  )
  return `${writeElement(withAttribute(tree, "type", "file"))}\n`
}
