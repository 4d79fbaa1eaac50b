/**
 * Layouts to functions: how each kind of layout is read and written. A layout is compiled once,
 * when it is first used. Values pass as `unknown`; the generated types say what they are.
 */
import { assert, present, unreachable } from "../../base/assert.ts"
import type { Composite, Layout, Scalar } from "./layout.ts"
import { layoutNamed } from "./procedures.ts"
import type { Reader } from "./reader.ts"
import type { Writer } from "./writer.ts"

/** One layout, ready for use. */
export interface Coding {
  readonly read: (reader: Reader) => unknown
  readonly write: (writer: Writer, value: unknown) => void
  /** No value of the layout takes fewer bytes: what bounds an array before it is read. */
  readonly leastBytes: number
}

const scalars: Readonly<Record<Scalar, Coding>> = {
  int: {
    read: (reader) => reader.int(),
    write: (writer, value) => writer.int(value as number),
    leastBytes: 4
  },
  unsigned: {
    read: (reader) => reader.unsigned(),
    write: (writer, value) => writer.unsigned(value as number),
    leastBytes: 4
  },
  hyper: {
    read: (reader) => reader.hyper(),
    write: (writer, value) => writer.hyper(value as bigint),
    leastBytes: 8
  },
  unsignedHyper: {
    read: (reader) => reader.unsignedHyper(),
    write: (writer, value) => writer.unsignedHyper(value as bigint),
    leastBytes: 8
  },
  double: {
    read: (reader) => reader.double(),
    write: (writer, value) => writer.double(value as number),
    leastBytes: 8
  },
  char: within(-128, 127),
  unsignedChar: within(0, 255),
  short: within(-32_768, 32_767),
  unsignedShort: within(0, 65_535)
}

/** A number narrower than the four bytes that it takes. */
function within(least: number, most: number): Coding {
  return {
    read: (reader) => reader.intWithin(least, most),
    write: (writer, value) => writer.intWithin(value as number, least, most),
    leastBytes: 4
  }
}

const isScalar = (name: string): name is Scalar => Object.hasOwn(scalars, name)

const compiled = new Map<string, Coding>()

/** How a value of the named type, or of a scalar, is read and written. */
export function codingOf(name: string): Coding {
  if (isScalar(name)) return scalars[name]
  const known = compiled.get(name)
  if (known !== undefined) return known
  const coding = compile(present(layoutNamed(name), `the tables have a type ${name}`))
  compiled.set(name, coding)
  return coding
}

const compile = (layout: Layout): Coding =>
  typeof layout === "string" ? codingOf(layout) : compileComposite(layout)

function compileComposite(layout: Composite): Coding {
  switch (layout.kind) {
    case "string":
    case "bytes":
    case "text":
    case "charBytes":
      return bounded(layout.kind, layout.max)
    case "opaque":
      return opaque(layout.size)
    case "fixedText":
      return fixedText(layout.size)
    case "array":
      return array(codingOf(layout.of), layout.max)
    case "optional":
      return optional(codingOf(layout.of))
    case "struct":
      return struct(Object.entries(layout.fields))
    case "union":
      return union(Object.entries(layout.arms))
    default:
      return unreachable(layout)
  }
}

function bounded(kind: "string" | "bytes" | "text" | "charBytes", max: number): Coding {
  const leastBytes = 4
  switch (kind) {
    case "string":
      return {
        read: (reader) => reader.string(max),
        write: (writer, value) => writer.string(value as string, max),
        leastBytes
      }
    case "bytes":
      return {
        read: (reader) => reader.opaque(reader.count(max, 1)),
        write: (writer, value) => writer.bytesUpTo(value as Uint8Array, max),
        leastBytes
      }
    case "text":
      return {
        read: (reader) => reader.charText(reader.count(max, 4)),
        write: (writer, value) => writer.charText(value as string, max),
        leastBytes
      }
    case "charBytes":
      return {
        read: (reader) => reader.chars(reader.count(max, 4)),
        write: (writer, value) => writer.charBytes(value as Uint8Array, max),
        leastBytes
      }
    default:
      return unreachable(kind)
  }
}

const opaque = (size: number): Coding => ({
  read: (reader) => reader.opaque(size),
  write: (writer, value) => writer.opaque(value as Uint8Array, size),
  leastBytes: (size + 3) & ~3
})

const fixedText = (size: number): Coding => ({
  read: (reader) => reader.charText(size),
  write: (writer, value) => writer.fixedCharText(value as string, size),
  leastBytes: size * 4
})

/**
 * The count must be within its bound and have the bytes for as many of the smallest elements, and
 * the array grows with what is read: a declared count alone costs nothing.
 */
function array(element: Coding, max: number): Coding {
  const { read, write, leastBytes } = element
  assert(leastBytes >= 4, "every element takes bytes, so that bytes bound the count")
  return {
    leastBytes: 4,
    read: (reader) => {
      const count = reader.count(max, leastBytes)
      const values: unknown[] = []
      for (let at = 0; at < count; at++) {
        values.push(read(reader))
        if (reader.failure !== undefined) {
          reader.within(`${at}`)
          break
        }
      }
      return values
    },
    write: (writer, value) => {
      const values = value as readonly unknown[]
      writer.count(values.length, max)
      for (let at = 0; at < values.length && writer.failure === undefined; at++) {
        write(writer, values[at])
        if (writer.failure !== undefined) writer.within(`${at}`)
      }
    }
  }
}

const optional = ({ read, write }: Coding): Coding => ({
  leastBytes: 4,
  read: (reader) => (reader.intWithin(0, 1) === 0 ? null : read(reader)),
  write: (writer, value) => {
    writer.int(value === null ? 0 : 1)
    if (value !== null) write(writer, value)
  }
})

/** Fields in their order. A value has them in that order too, so that all values have one shape. */
function struct(entries: readonly (readonly [string, Layout])[]): Coding {
  const fields = entries.map(([name, layout]) => ({ name, coding: compile(layout) }))
  return {
    leastBytes: fields.reduce((sum, { coding }) => sum + coding.leastBytes, 0),
    read: (reader) => {
      const value: Record<string, unknown> = {}
      for (const { name, coding } of fields) {
        value[name] = coding.read(reader)
        if (reader.failure !== undefined) {
          reader.within(name)
          break
        }
      }
      return value
    },
    write: (writer, value) => {
      const record = value as Readonly<Record<string, unknown>>
      for (const { name, coding } of fields) {
        coding.write(writer, record[name])
        if (writer.failure !== undefined) return writer.within(name)
      }
    }
  }
}

/** An int that says which arm follows; one without an arm is refused, for no arm is empty. */
function union(entries: readonly (readonly [string, Layout])[]): Coding {
  const arms = new Map(entries.map(([type, layout]) => [Number(type), compile(layout)]))
  const least = Math.min(...[...arms.values()].map((arm) => arm.leastBytes))
  return {
    leastBytes: 4 + least,
    read: (reader) => {
      const type = reader.int()
      const arm = arms.get(type)
      if (arm === undefined) return reader.fail(`there is no type ${type}`)
      return { type, value: arm.read(reader) }
    },
    write: (writer, value) => {
      const { type, value: inner } = value as { readonly type: number; readonly value: unknown }
      const arm = arms.get(type)
      if (arm === undefined) return writer.fail(`there is no type ${type}`)
      writer.int(type)
      arm.write(writer, inner)
    }
  }
}
