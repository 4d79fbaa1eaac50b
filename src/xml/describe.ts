/**
 * The language in which elements are described. A description is read in both directions: the same
 * value turns an element into a part of the model and back. Parts stand in the order in which
 * libvirt writes them; what a description does not take is kept by the element it stands in.
 */
import * as Result from "effect/Result"
import type { Consequence, Keeps, KeptElement } from "../model/kept.ts"
import type { Codec } from "./codec.ts"
import type { XmlError } from "./error.ts"
import type { Reading } from "./reading.ts"
import { Writing } from "./writing.ts"

export type Read<A> = Result.Result<A, XmlError>

/** Something an element may say. Reading gives `undefined` where it says nothing. */
export interface Part<A> {
  read(from: Reading): Read<A | undefined>
  // A method, so that a description of one case stands for a description of the union.
  write(value: A, to: Writing): void
}

/** A part that always has a value. */
export interface Sure<A> extends Part<A> {
  read(from: Reading): Read<A>
}

/** An element or attribute that is known and not acted on. */
export interface KeptPart {
  readonly consequence: Consequence | "dropped"
  /** In a definition it is passed over. */
  readonly isOfRunning?: boolean
}

export const changesGuest: KeptPart = { consequence: "guest" }
export const changesSecurity: KeptPart = { consequence: "security" }
export const changesNothing: KeptPart = { consequence: "none" }
/** Not kept: it only repeats what stands elsewhere, or describes a running guest. */
export const dropped: KeptPart = { consequence: "dropped" }

/** Kept of a running guest, passed over in a definition. */
export const ofRunning: KeptPart = { consequence: "none", isOfRunning: true }

type Optional<A> = { [K in keyof A]-?: object extends Pick<A, K> ? K : never }[keyof A]
type Described<A> = Exclude<keyof A, "kept">

/**
 * One part for each field of the model, under the field's name; `<name>` and `@name` stand for
 * elements and attributes that are kept. A field without a part does not compile.
 */
export type Parts<A> = {
  readonly [K in Exclude<Described<A>, Optional<A>>]: Sure<A[K]>
} & {
  readonly [K in Extract<Described<A>, Optional<A>>]-?: Part<Exclude<A[K], undefined>>
} & { readonly [K in `<${string}>` | `@${string}`]: KeptPart }

/** Fields of one element, read and written in the order given. */
export function fields<A extends object>(parts: Parts<A>): Sure<A> {
  const entries = Object.entries<Part<unknown> | KeptPart>(parts)
  return {
    read: (from) => {
      const value: Record<string, unknown> = {}
      for (const [key, part] of entries) {
        if ("consequence" in part) {
          readKept(key, part, from)
          continue
        }
        const result = part.read(from)
        if (Result.isFailure(result)) return Result.fail(result.failure)
        if (result.success !== undefined) value[key] = result.success
      }
      return Result.succeed(value as A)
    },
    write: (value, to) => {
      for (const [key, part] of entries) {
        if ("consequence" in part) writeKept(key, to)
        else {
          const field = (value as Readonly<Record<string, unknown>>)[key]
          if (field !== undefined) part.write(field, to)
        }
      }
    }
  }
}

function readKept(key: string, part: KeptPart, from: Reading): void {
  const isPassed = part.isOfRunning === true && from.context.kind === "inactive"
  const consequence = isPassed ? "dropped" : part.consequence
  const isAttribute = key.startsWith("@")
  const name = isAttribute ? key.slice(1) : key.slice(1, -1)
  if (consequence === "dropped") void (isAttribute ? from.attribute(name) : from.take(name))
  else if (isAttribute) from.keepAttribute(name, consequence)
  else from.keepElements(name, consequence)
}

function writeKept(key: string, to: Writing): void {
  if (key.startsWith("@")) to.placeAttribute(key.slice(1))
  else to.placeElements(key.slice(1, -1))
}

/** An attribute of the element. */
export function attribute<A>(name: string, codec: Codec<A>): Part<A> {
  return {
    read: (from) => {
      const found = from.attribute(name)
      if (found === undefined) return Result.succeed(undefined)
      return Result.mapError(codec.decode(found.value), (why) =>
        from.refuse("invalid", `attribute '${name}': '${brief(found.value)}' ${why}`, found)
      )
    },
    write: (value, to) => to.attribute(name, codec.encode(value))
  }
}

/** The text of the element. */
export function text<A>(codec: Codec<A>): Sure<A> {
  return {
    read: (from) =>
      Result.mapError(codec.decode(from.text()), (why) =>
        from.refuse("invalid", `'${brief(from.text())}' ${why}`)
      ),
    write: (value, to) => to.text(codec.encode(value))
  }
}

const brief = (value: string) => (value.length > 80 ? `${value.slice(0, 80)}...` : value)

/** A part read from the first child of that name, whose other content this element keeps. */
export function inside<A>(name: string, part: Part<A>): Part<A> {
  return {
    read: (from) => {
      const child = from.inside(name)
      return child === undefined ? Result.succeed(undefined) : part.read(child)
    },
    write: (value, to) => part.write(value, to.inside(name))
  }
}

/** Whether there is a child of that name. */
export function flag(name: string): Sure<boolean> {
  return {
    read: (from) => Result.succeed(from.inside(name) !== undefined),
    write: (value, to) => void (value && to.inside(name))
  }
}

/** The first child of that name, as a struct that keeps what its own description leaves. */
export function child<A extends Keeps>(name: string, part: Sure<A>): Part<A> {
  return {
    read: (from) => {
      const element = from.takeOne(name)
      return element === undefined
        ? Result.succeed(undefined)
        : readWhole(part, from.below(element))
    },
    write: (value, to) => to.child(writeWhole(part, value, { name, context: to.context }))
  }
}

/** All children of that name, in their order. */
export function children<A extends Keeps>(name: string, part: Sure<A>): Sure<readonly A[]> {
  return {
    read: (from) => all(from.take(name).map((element) => readWhole(part, from.below(element)))),
    write: (values, to) => {
      for (const value of values) to.child(writeWhole(part, value, { name, context: to.context }))
    }
  }
}

/** A list below an element of its own, which is not there when the list is empty. */
export function grouped<A>(name: string, list: Sure<readonly A[]>): Sure<readonly A[]> {
  const part = inside(name, list)
  return {
    read: (from) => Result.map(part.read(from), (found) => found ?? []),
    write: (value, to) => {
      if (value.length > 0) part.write(value, to)
    }
  }
}

/** One value from each child of that name, whose other content this element keeps. */
export function values<A>(name: string, part: Sure<A>): Sure<readonly A[]> {
  return {
    read: (from) => all(from.insideEach(name).map((item) => part.read(item))),
    write: (list, to) => {
      for (const [index, value] of list.entries()) part.write(value, to.insideEach(name, index))
    }
  }
}

/** The first failure, or all the successes. */
export function all<A>(results: readonly Read<A>[]): Read<readonly A[]> {
  const list: A[] = []
  for (const result of results) {
    if (Result.isFailure(result)) return Result.fail(result.failure)
    list.push(result.success)
  }
  return Result.succeed(list)
}

/** Reads an element as a struct, with what it keeps. */
export function readWhole<A extends Keeps>(part: Sure<A>, from: Reading): Read<A> {
  const result = part.read(from)
  if (Result.isFailure(result)) return result
  const kept = from.finish()
  return Result.succeed(kept.length === 0 ? result.success : { ...result.success, kept })
}

/** Writes a struct as an element, with what it keeps. */
export function writeWhole<A extends Keeps>(
  part: Part<A>,
  value: A,
  { name, context }: { readonly name: string; readonly context: Writing["context"] }
): KeptElement {
  const writing = new Writing(name, context, value.kept)
  part.write(value, writing)
  return writing.finish()
}

/** Fails where the element says nothing. `what` completes "there is no ...". */
export function required<A>(what: string, part: Part<A>): Sure<A> {
  return {
    read: (from) => {
      const result = part.read(from)
      if (Result.isFailure(result)) return Result.fail(result.failure)
      if (result.success !== undefined) return Result.succeed(result.success)
      return Result.fail(from.refuse("missing", `there is no ${what}`))
    },
    write: part.write
  }
}

/** What silence means. The value is written all the same. */
export function orElse<A>(part: Part<A>, silence: A): Sure<A> {
  return {
    read: (from) => Result.map(part.read(from), (value) => value ?? silence),
    write: part.write
  }
}

/** A value that means the same as silence: neither taken nor written. */
export function unless<A>(part: Part<A>, silence: A): Part<A> {
  return {
    read: (from) => Result.map(part.read(from), (value) => (value === silence ? undefined : value)),
    write: (value, to) => {
      if (value !== silence) part.write(value, to)
    }
  }
}

/** A value that is not written anywhere, such as a discriminant. */
export function constant<const A>(value: A): Sure<A> {
  return { read: () => Result.succeed(value), write: () => undefined }
}

/**
 * Of a running guest only: passed over in a definition, unless `always` holds for the value. Goes
 * around `inside`, as an element without its only attribute would be left otherwise.
 */
export function live<A>(part: Part<A>, always: (value: A) => boolean = () => false): Part<A> {
  return {
    read: (from) =>
      Result.map(part.read(from), (value) => {
        if (value === undefined || from.context.kind === "active") return value
        return always(value) ? value : undefined
      }),
    write: (value, to) => {
      if (to.context.kind === "active" || always(value)) part.write(value, to)
    }
  }
}

/** A part whose value is completed or refused after it was read. Writing takes it as it is. */
export function checked<A>(part: Sure<A>, check: (value: A, from: Reading) => Read<A>): Sure<A> {
  return {
    read: (from) => Result.flatMap(part.read(from), (value) => check(value, from)),
    write: part.write
  }
}

/** The same part under another shape. */
export function mapped<A, B>(part: Sure<A>, to: (value: A) => B, back: (value: B) => A): Sure<B> {
  return {
    read: (from) => Result.map(part.read(from), to),
    write: (value, writing) => part.write(back(value), writing)
  }
}

type Tagged = { readonly type: string }

type CaseOf<A extends Tagged, T> = A extends Tagged ? (T extends A["type"] ? A : never) : never

/** For each type its own fields of the same element. */
export type Cases<A extends Tagged> = { readonly [T in A["type"]]: Sure<CaseOf<A, T>> }

/** Fields that depend on a word, `type` in the model, read from wherever `tag` finds it. */
export function choice<A extends Tagged>(tag: Sure<A["type"]>, cases: Cases<A>): Sure<A> {
  const table: Readonly<Record<string, unknown>> = cases
  const caseOf = (type: A["type"]) => table[type] as Sure<A>
  return {
    read: (from) => Result.flatMap(tag.read(from), (type) => caseOf(type).read(from)),
    write: (value, to) => {
      tag.write(value.type, to)
      caseOf(value.type).write(value, to)
    }
  }
}

/** Written only where secrets are asked for, as `formatDomain` says. */
export function secret<A>(part: Part<A>): Part<A> {
  return {
    read: part.read,
    write: (value, to) => void (to.context.withSecrets && part.write(value, to))
  }
}
