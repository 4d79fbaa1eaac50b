/**
 * The procedures of libvirt's RPC and of our own program, by number as a packet names them and by
 * name as code does, with what is known of each. Reads the tables; knows nothing of how a procedure
 * is served.
 */
import { assert, present } from "../../base/assert.ts"
import type { Layout, ProcedureRow, ProgramTable } from "./layout.ts"
import { keepalive } from "./tables/keepalive.ts"
import { message } from "./tables/message.ts"
import { qemu } from "./tables/qemu.ts"
import { remote } from "./tables/remote.ts"
import { troupe } from "./tables/troupe.ts"
import type { TroupeProcedures } from "./troupe-types.ts"
import type * as Libvirt from "./types.ts"

/** What each procedure takes and answers: libvirt's programs, and our own. */
export interface Procedures extends Libvirt.Procedures {
  readonly troupe: TroupeProcedures
}

/** What each message carries. Ours has none. */
export interface Messages extends Libvirt.Messages {
  readonly troupe: { readonly [name in never]: never }
}

/** The programs that are spoken here; each has its own numbers of procedures. */
export type ProgramName = keyof Procedures

export interface Program {
  readonly name: ProgramName
  readonly number: number
  readonly version: number
}

type CallName<P extends ProgramName> = keyof Procedures[P] & string
type MessageName<P extends ProgramName> = keyof Messages[P] & string

/** Every name of a program: those that are called, and those that are sent without a call. */
export type ProcedureName<P extends ProgramName> = CallName<P> | MessageName<P>

/** What a procedure takes; `unknown` where its name is not known to the compiler. */
export type ArgsOf<P extends ProgramName, N extends string> =
  N extends CallName<P>
    ? Procedures[P][N] extends { readonly args: infer A }
      ? A
      : unknown
    : unknown

/** What a procedure answers. */
export type RetOf<P extends ProgramName, N extends string> =
  N extends CallName<P>
    ? Procedures[P][N] extends { readonly ret: infer R }
      ? R
      : unknown
    : unknown

/** What a message carries. */
export type MessageOf<P extends ProgramName, N extends string> =
  N extends MessageName<P>
    ? Messages[P][N] extends { readonly message: infer M }
      ? M
      : unknown
    : unknown

/** A procedure of a program. Two descriptions of one procedure are the same object. */
export interface Procedure<P extends ProgramName = ProgramName, N extends string = string> {
  readonly program: Program & { readonly name: P }
  readonly number: number
  /** libvirt's constant without its prefix. */
  readonly name: N
  /** The function of libvirt's public interface; null where only the protocol has the procedure. */
  readonly api: string | null
  /** It is sent without a call; to call it is an error. */
  readonly isMessage: boolean
  /** Names of the types that a call, its answer and a message carry; null where it is nothing. */
  readonly args: string | null
  readonly ret: string | null
  readonly message: string | null
  /** A read-only connection is refused it: `read only access prevents <api>`. */
  readonly isWrite: boolean
  /** A read-only connection is refused some of its flags; which, its handler knows. */
  readonly isWriteForSome: boolean
  /** It never waits for a guest's monitor. */
  readonly isHighPriority: boolean
  /** A successful call opens a stream; `read` and `write` are the client's view. */
  readonly stream: "read" | "write" | null
  /** The bit in the call's flags that allows holes in the stream; null where none does. */
  readonly sparseFlag: number | null
  readonly acl: readonly string[]
  readonly aclFilter: readonly string[]
}

const tables: Readonly<Record<ProgramName, ProgramTable>> = {
  remote,
  qemu,
  keepalive,
  troupe
}

export const programs: Readonly<Record<ProgramName, Program>> = {
  remote: { name: "remote", number: remote.number, version: remote.version },
  qemu: { name: "qemu", number: qemu.number, version: qemu.version },
  keepalive: { name: "keepalive", number: keepalive.number, version: keepalive.version },
  troupe: { name: "troupe", number: troupe.number, version: troupe.version }
}

const described = (program: Program, row: ProcedureRow): Procedure => ({
  program,
  number: row.number,
  name: row.name,
  api: row.api ?? null,
  isMessage: row.isMessage === true,
  args: row.args ?? null,
  ret: row.ret ?? null,
  message: row.message ?? null,
  isWrite: row.isWrite === true,
  isWriteForSome: row.isWriteForSome === true,
  isHighPriority: row.isHighPriority === true,
  stream: row.stream ?? null,
  sparseFlag: row.sparseFlag ?? null,
  acl: row.acl ?? [],
  aclFilter: row.aclFilter ?? []
})

const all: readonly Procedure[] = Object.values(programs).flatMap((program) =>
  tables[program.name].procedures.map((row) => described(program, row))
)

const byNumber = new Map(
  Object.values(programs).map(({ number }) => [
    number,
    new Map(all.filter((one) => one.program.number === number).map((one) => [one.number, one]))
  ])
)

const byName = new Map(all.map((one) => [`${one.program.name} ${one.name}`, one]))

assert(byName.size === all.length, "no two procedures of a program share a name")

/** Every procedure of every program. */
export const procedures: readonly Procedure[] = all

/** The program that a packet names; undefined if it is none of ours. */
export const programOf = (number: number): Program | undefined =>
  Object.values(programs).find((program) => program.number === number)

/** The procedure that a packet names; undefined if the program does not have it. */
export const procedureOf = (program: number, number: number): Procedure | undefined =>
  byNumber.get(program)?.get(number)

/** The procedure of that name, typed by it. */
export function procedure<P extends ProgramName, N extends ProcedureName<P>>(
  program: P,
  name: N
): Procedure<P, N> {
  const found = present(byName.get(`${program} ${name}`), `the tables have ${program} ${name}`)
  // The types and the tables are generated together: the name is that of the row.
  return found as Procedure<P, N>
}

/** The procedure of a name that is known at run time only. */
export const procedureNamed = (program: ProgramName, name: string): Procedure | undefined =>
  byName.get(`${program} ${name}`)

/** The name of a number that newer clients use and that is not served, for what is logged. */
export const newerName = (program: number, number: number): string | undefined => {
  const known = programOf(program)
  return known && tables[known.name].newer[number]
}

const layouts = new Map(
  [message, remote.types, qemu.types, troupe.types].flatMap((types) => Object.entries(types))
)

/** Every named type of the tables. */
export const layoutNames: readonly string[] = [...layouts.keys()]

/** The layout of that name; undefined if the tables have none. */
export const layoutNamed = (name: string): Layout | undefined => layouts.get(name)
