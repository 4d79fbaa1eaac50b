/**
 * Makes `src/testing/qemu/answers-data.ts`: asks a real QEMU what a probe asks, and cuts the
 * answers to the names that the engine's sources hold. Prints the file; `node
 * test/contract/qemu/make-answers.ts > src/testing/qemu/answers-data.ts` writes it.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import {
  capabilityQueries,
  cpuQueries,
  objectPropertyTypes,
  propertyTypes
} from "../../../src/qemu/capabilities.ts"
import { withRealQemu } from "./real-qemu.ts"

interface Named {
  readonly name: string
}

interface SchemaRow {
  readonly name: string
  readonly [member: string]: unknown
  readonly members?: readonly { readonly name?: string; readonly type?: string }[]
  readonly variants?: readonly { readonly case?: string; readonly type: string }[]
}

const root = join(import.meta.dirname, "../../..")

/** Every text that the sources quote, or put together of quoted parts. */
const quoted = ((): ReadonlySet<string> => {
  const files = ["src/qemu", "src/model", "actors/domain"].flatMap((folder) =>
    fs
      .readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => fs.readFileSync(join(root, folder, name), "utf8"))
  )
  const texts = files.flatMap((text) => [...text.matchAll(/["'`]([^"'`\n]+)["'`]/g)])
  return new Set(texts.flatMap(([, text = ""]) => [text, ...text.split(/[\s,]+/)]))
})()

/** `virtio-blk-pci-non-transitional` is put together of a name and suffixes. */
const suffixes = /(-pci|-device)?(-non-transitional|-transitional)?$/

const isNeeded = (name: string): boolean =>
  quoted.has(name) || quoted.has(name.replace(suffixes, ""))

const names = (rows: readonly Named[]): string =>
  rows
    .map(({ name }) => name)
    .filter(isNeeded)
    .toSorted()
    .join(" ")

const machineTypes = ["none", "pc-i440fx-7.2", "pc-q35-7.2"]
const cpuModels = ["qemu64", "max", "qemu32", "kvm64", "Nehalem", "Haswell"]

/** From the five commands that are looked at down to the choices that they offer. */
const schemaCut = (rows: readonly SchemaRow[]): readonly object[] => {
  const byName = new Map(rows.map((row) => [row.name, row]))
  const kept = new Map<string, object>()
  const keep = (name: unknown, members: readonly string[], variants: readonly string[] = []) => {
    const row = typeof name === "string" ? byName.get(name) : undefined
    if (row === undefined) return undefined
    const some = row.members?.filter((one) => one.name !== undefined && members.includes(one.name))
    const { tag, values } = row
    kept.set(row.name, {
      name: row.name,
      "meta-type": row["meta-type"],
      ...("arg-type" in row ? { "arg-type": row["arg-type"] } : {}),
      ...("ret-type" in row ? { "ret-type": row["ret-type"] } : {}),
      ...(tag === undefined ? {} : { tag }),
      ...(values === undefined ? {} : { values }),
      ...(some === undefined
        ? {}
        : { members: some.map(({ name: of, type }) => ({ name: of, type })) }),
      ...(row.variants === undefined
        ? {}
        : { variants: row.variants.filter((one) => variants.includes(one.case ?? "")) })
    })
    for (const { type } of some ?? [])
      if (byName.get(type ?? "")?.["meta-type"] === "enum") keep(type, [])
    return row
  }
  const typeOf = (row: SchemaRow | undefined, member: string) =>
    row?.members?.find((one) => one.name === member)?.type
  const blockdev = keep(keep("blockdev-add", [])?.["arg-type"], ["driver"], ["file"])
  keep(blockdev?.variants?.find((one) => one.case === "file")?.type, ["aio"])
  keep(keep("netdev_add", [])?.["arg-type"], ["type"])
  const chardev = keep(keep("chardev-add", [])?.["arg-type"], ["backend"])
  keep(typeOf(chardev, "backend"), ["type"])
  keep(keep("query-display-options", [])?.["ret-type"], ["type"])
  keep(keep("object-add", [])?.["arg-type"], ["qom-type"])
  return [...kept.values()]
}

interface Answers {
  readonly answer: (command: string, words?: object) => unknown
}

const dataOf = ({ answer }: Answers): Record<string, unknown> => {
  const rows = (command: string, words?: object) => answer(command, words) as readonly Named[]
  const list = (command: string, typename: string) => names(rows(command, { typename }) ?? [])
  const options = answer("query-command-line-options") as readonly {
    readonly option: string
    readonly parameters: readonly Named[]
  }[]
  const expanded = (props?: object) => {
    const model = { name: "max", ...(props === undefined ? {} : { props }) }
    const found = answer("query-cpu-model-expansion", { type: "static", model }) as {
      readonly model: { readonly name: string; readonly props: Record<string, unknown> }
    }
    const isTold = ([, value]: readonly [string, unknown]) => value !== false
    return {
      name: found.model.name,
      props: Object.fromEntries(Object.entries(found.model.props).filter(isTold))
    }
  }
  return {
    version: answer("query-version"),
    target: answer("query-target"),
    machines: rows("query-machines").filter(({ name }) => machineTypes.includes(name)),
    cpus: rows("query-cpu-definitions")
      .filter(({ name }) => cpuModels.includes(name))
      .map((row) => ({ ...row, "alias-of": undefined })),
    expansion: expanded(),
    expansionUnmigratable: expanded({ migratable: false }),
    schema: schemaCut(answer("query-qmp-schema") as readonly SchemaRow[]),
    types: names(rows("qom-list-types")),
    commands: names(rows("query-commands")),
    options: Object.fromEntries(
      options
        .filter(({ option }) => isNeeded(option))
        .map(({ option, parameters }) => [option, names(parameters)])
    ),
    properties: Object.fromEntries([
      ...propertyTypes.map((type) => [type, list("device-list-properties", type)]),
      ...objectPropertyTypes.map((type) => [type, list("qom-list-properties", type)])
    ])
  }
}

const header = `/**
 * What a real QEMU answered to a probe, cut to the names that the engine's sources hold. Made by
 * \`node test/contract/qemu/make-answers.ts > src/testing/qemu/answers-data.ts\`; not to be edited.
 */
`

/** Lists of names as texts within the width; the rest as JSON. */
const written = (data: Record<string, unknown>): string => {
  const lines: string[] = []
  let line = ""
  for (const piece of JSON.stringify(data).match(/"(?:[^"\\]|\\.)*"|[^"]+/g) ?? []) {
    for (const part of piece.match(/.{1,80}/g) ?? []) {
      if (line.length + part.length > 92) {
        lines.push(line)
        line = ""
      }
      line += part
    }
  }
  const text = [...lines, line].map((one) => `  ${quote(one)}`).join(" +\n")
  return `${header}export const answersText =\n${text}\n`
}

/** A literal in single quotes where that saves escapes, as the formatter wants it. */
const quote = (text: string): string =>
  text.includes('"') && !text.includes("'")
    ? `'${text.replaceAll("\\", "\\\\")}'`
    : JSON.stringify(text)

await withRealQemu({ words: ["-machine", "none,accel=tcg", "-S"] }, async (qemu) => {
  const client = await qemu.connect()
  await client.ask("qmp_capabilities")
  const told = new Map<string, unknown>()
  for (const query of [...capabilityQueries, ...cpuQueries("tcg")]) {
    const reply = await client.ask(query.execute, query.arguments)
    told.set(JSON.stringify([query.execute, query.arguments]), reply["return"])
  }
  const answer: Answers["answer"] = (command, words) => told.get(JSON.stringify([command, words]))
  process.stdout.write(written(dataOf({ answer })))
})
