/**
 * Walks the answer to `query-qmp-schema`. Type names in it are meaningless numbers that differ
 * between builds, so that every fact is found by starting at a command and following its members.
 */
import * as Schema from "effect/Schema"

/** Choices that QEMU offers, by the argument that holds them. Sorted. */
export interface SchemaFacts {
  /** `blockdev-add`: `file`, `qcow2`, `nbd`, ... */
  readonly blockDrivers: readonly string[]
  /** `netdev_add`: `user`, `tap`, `stream`, ... */
  readonly netdevTypes: readonly string[]
  /** `chardev-add`: `pty`, `spicevmc`, `qemu-vdagent`, ... */
  readonly chardevTypes: readonly string[]
  /** `query-display-options`: `gtk`, `sdl`, `egl-headless`, `dbus`, ... */
  readonly displayTypes: readonly string[]
  /** `object-add`: `rng-random`, `secret`, `thread-context`, ... */
  readonly objectTypes: readonly string[]
  /** How the `file` driver does its work: `threads`, `native`, `io_uring`. */
  readonly fileAio: readonly string[]
}

/** Rows of `query-qmp-schema`: one shape for all kinds, most members optional. */
export const schemaRows = Schema.Array(
  Schema.Struct({
    name: Schema.String,
    "meta-type": Schema.String,
    "arg-type": Schema.optionalKey(Schema.String),
    "ret-type": Schema.optionalKey(Schema.String),
    tag: Schema.optionalKey(Schema.String),
    values: Schema.optionalKey(Schema.Array(Schema.String)),
    members: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({
          name: Schema.optionalKey(Schema.String),
          type: Schema.optionalKey(Schema.String)
        })
      )
    ),
    variants: Schema.optionalKey(
      Schema.Array(Schema.Struct({ case: Schema.String, type: Schema.String }))
    )
  })
)

type Row = (typeof schemaRows.Type)[number]

export const schemaFacts = (rows: typeof schemaRows.Type): SchemaFacts => {
  const byName = new Map(rows.map((row) => [row.name, row]))
  const typeOf = (name: string | undefined): Row | undefined =>
    name === undefined ? undefined : byName.get(name)
  const argument = (command: string) => typeOf(typeOf(command)?.["arg-type"])
  const member = (row: Row | undefined, name: string) =>
    typeOf(row?.members?.find((one) => one.name === name)?.type)
  const variant = (row: Row | undefined, name: string) =>
    typeOf(row?.variants?.find((one) => one.case === name)?.type)
  const choices = (row: Row | undefined): readonly string[] =>
    (row?.values ?? row?.variants?.map((one) => one.case) ?? []).toSorted()
  const tags = (row: Row | undefined): readonly string[] =>
    row?.tag === undefined ? choices(row) : choices(member(row, row.tag))

  const blockdev = argument("blockdev-add")
  return {
    blockDrivers: tags(blockdev),
    netdevTypes: tags(argument("netdev_add")),
    chardevTypes: tags(member(argument("chardev-add"), "backend")),
    displayTypes: tags(typeOf(typeOf("query-display-options")?.["ret-type"])),
    objectTypes: tags(argument("object-add")),
    fileAio: choices(member(variant(blockdev, "file"), "aio"))
  }
}
