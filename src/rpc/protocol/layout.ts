/**
 * How a value of libvirt's RPC lies on the wire, and what is known of a procedure: the data types
 * of the generated tables. Holds no behaviour; `codec.ts` reads layouts, `procedures.ts` rows.
 */

/** Numbers of four bytes, and of eight (the hypers and double). An enumeration is an `int`. */
export type Scalar =
  | "int"
  | "unsigned"
  | "hyper"
  | "unsignedHyper"
  | "double"
  | "char"
  | "unsignedChar"
  | "short"
  | "unsignedShort"

/**
 * A layout with parts or a bound. `max` and `size` count bytes or elements.
 *
 * - `string`: UTF-8 with its length. `opaque`: exactly `size` bytes. `bytes`: up to `max` of them.
 * - `text`, `fixedText`, `charBytes`: arrays of XDR's `char`, four bytes for each. A text is a C
 *   string: it ends with a NUL that is counted, and a fixed one is filled up with more of them.
 * - `optional`: absent, or one value. `union`: an int called `type`, then the layout of that arm.
 */
export type Composite =
  | { readonly kind: "string" | "bytes" | "text" | "charBytes"; readonly max: number }
  | { readonly kind: "opaque" | "fixedText"; readonly size: number }
  | { readonly kind: "array"; readonly of: Reference; readonly max: number }
  | { readonly kind: "optional"; readonly of: Reference }
  | { readonly kind: "struct"; readonly fields: Readonly<Record<string, Layout>> }
  | { readonly kind: "union"; readonly arms: Readonly<Record<number, Layout>> }

/** A scalar's word, or the name of a type of the tables. No type contains itself. */
export type Reference = string

export type Layout = Reference | Composite

/** A procedure as its program's table has it; what is absent is false or does not exist. */
export interface ProcedureRow {
  readonly number: number
  /** libvirt's constant without its prefix: `DOMAIN_GET_INFO`. */
  readonly name: string
  /** The function of libvirt's public interface, as its messages name it: `virDomainGetInfo`. */
  readonly api?: string
  /** It is never called: either side sends it by itself, as an event or a sign of life. */
  readonly isMessage?: boolean
  /** Names of types: what a call, its answer, or a message carries. */
  readonly args?: Reference
  readonly ret?: Reference
  readonly message?: Reference
  /** A read-only connection is refused it. */
  readonly isWrite?: boolean
  /** A read-only connection is refused some of its flags or sources; the handler knows which. */
  readonly isWriteForSome?: boolean
  /** It never waits for a hypervisor's monitor (`@priority: high`). */
  readonly isHighPriority?: boolean
  /** A successful call opens a stream; `read` and `write` are the client's view. */
  readonly stream?: "read" | "write"
  /** The bit in the call's flags that allows holes in the stream. */
  readonly sparseFlag?: number
  /** `object:permission`, with a flag that it depends on: libvirt's access rules. */
  readonly acl?: readonly string[]
  /** The rule that filters the objects in the answer, or the events. */
  readonly aclFilter?: readonly string[]
}

/** Types by their names in libvirt's files, in an order in which each stands before its use. */
export type TypeTable = Readonly<Record<string, Layout>>

export interface ProgramTable {
  readonly number: number
  readonly version: number
  /** libvirt's own bounds for its lists and strings, by their names. */
  readonly limits: Readonly<Record<string, number>>
  readonly types: TypeTable
  readonly procedures: readonly ProcedureRow[]
  /** Names of numbers that newer clients use. Their layouts are not known: they are not served. */
  readonly newer: Readonly<Record<number, string>>
}
