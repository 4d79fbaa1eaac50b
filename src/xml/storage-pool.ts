/**
 * `<pool>`: the definition of a folder of volumes, text to model and back. The figures in it are
 * written for whoever looks, and passed over in a definition.
 */
import * as Result from "effect/Result"
import type { Keeps } from "../model/kept.ts"
import type { PoolDefinition, PoolFigures, PoolTarget } from "../model/storage.ts"
import { nonEmpty, string, uuid } from "./codec.ts"
import {
  attribute,
  changesNothing,
  checked,
  child,
  fields,
  flag,
  inside,
  required,
  text,
  writeWhole
} from "./describe.ts"
import type { XmlError } from "./error.ts"
import type { Report } from "./reading.ts"
import { permissions, readDocument, sizeBytes, storageContext } from "./storage-parts.ts"
import { writeElement } from "./write.ts"

interface PoolDocument extends Keeps {
  readonly type: string
  readonly name: string
  readonly uuid?: string
  readonly capacity?: number
  readonly allocation?: number
  readonly available?: number
  readonly source: boolean
  readonly target?: PoolTarget
}

/** Slashes that mean nothing go; what climbs is refused. */
const folder = checked(required("path", inside("path", text(nonEmpty))), (path, from) => {
  if (!path.startsWith("/")) {
    return Result.fail(from.refuse("invalid", `'${path.slice(0, 80)}' is not an absolute path`))
  }
  const parts = path.split("/").filter((part) => part !== "" && part !== ".")
  const isClimbing = parts.includes("..") || path.includes("\0")
  if (isClimbing) return Result.fail(from.refuse("invalid", "the path may not climb by '..'"))
  return Result.succeed(`/${parts.join("/")}`)
})

const target = fields<PoolTarget>({ path: folder, permissions: child("permissions", permissions) })

const described = fields<PoolDocument>({
  type: required("type of the pool", attribute("type", string)),
  name: required("name", inside("name", text(nonEmpty))),
  uuid: inside("uuid", text(uuid)),
  "<features>": changesNothing,
  capacity: sizeBytes("capacity"),
  allocation: sizeBytes("allocation"),
  available: sizeBytes("available"),
  source: flag("source"),
  target: child("target", target)
})

/** A folder is a pool's whole target; every other type of libvirt's needs what is not here. */
const whole = checked(described, (pool, from) => {
  if (pool.type !== "dir") {
    const reason = `pools of type '${pool.type.slice(0, 40)}' are not supported, only 'dir'`
    return Result.fail(from.refuse("unsupported", reason))
  }
  if (pool.target === undefined) return Result.fail(from.refuse("missing", "there is no target"))
  if (/[/\n\0]/.test(pool.name)) {
    return Result.fail(from.refuse("invalid", "a name cannot contain '/' or a line's end"))
  }
  return Result.succeed(pool)
})

export interface ParsedPool {
  /** Without a uuid where the text has none. */
  readonly definition: Omit<PoolDefinition, "uuid"> & { readonly uuid?: string }
  readonly reports: readonly Report[]
}

export const parsePool = (xml: string): Result.Result<ParsedPool, XmlError> =>
  Result.map(readDocument(xml, "pool", whole), ({ value, reports }) => {
    const { name, uuid: own, target: where, kept } = value
    const definition = {
      type: "dir" as const,
      name,
      target: where ?? { path: "/" },
      ...(own === undefined ? {} : { uuid: own }),
      ...(kept === undefined ? {} : { kept })
    }
    return { definition, reports }
  })

/** The text, with a final newline. */
export const formatPool = (definition: PoolDefinition, figures: PoolFigures): string => {
  const document: PoolDocument = {
    ...definition,
    capacity: figures.capacityBytes,
    allocation: figures.allocationBytes,
    available: figures.availableBytes,
    source: true
  }
  const element = writeWhole(described, document, { name: "pool", context: storageContext })
  return `${writeElement(element)}\n`
}
