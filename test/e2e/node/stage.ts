/** An engine on the real host, on a root of its own, for questions about the host. */
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as IdsLive from "../../../src/base/ids.live.ts"
import type { Engine } from "../../../src/engine/engine.ts"
import * as FilesLive from "../../../src/host/files.live.ts"
import * as ProcessesLive from "../../../src/host/process.live.ts"
import * as SocketsLive from "../../../src/host/socket.live.ts"
import { makeEngine } from "../../../src/open-engine.ts"
import type { Element } from "../../../src/xml/element.ts"

const hostLayer = Layer.mergeAll(
  FilesLive.layer,
  ProcessesLive.layer,
  SocketsLive.layer,
  IdsLive.layer
)

/** Opens an engine, asks it, closes it, and removes its root. Guests end with it. */
export const onHost = async <A, E>(
  ask: (engine: Engine, root: string) => Effect.Effect<A, E>
): Promise<A> => {
  const root = fs.mkdtempSync(join(tmpdir(), "troupe-node-"))
  const asked = Effect.flatMap(makeEngine({ root, guests: "stop" }), (engine) => ask(engine, root))
  try {
    return await Effect.runPromise(Effect.provide(Effect.scoped(asked), hostLayer))
  } finally {
    fs.rmSync(root, { recursive: true, force: true })
  }
}

const run = promisify(execFile)

const schemas = "/usr/share/libvirt/schemas"

/** Why a document cannot be checked here; undefined when it can. */
export const uncheckable = async (): Promise<string | undefined> => {
  if (!fs.existsSync(schemas)) return `libvirt's schemas are not in ${schemas}`
  const found = await run("xmllint", ["--version"]).catch(() => undefined)
  return found === undefined ? "there is no xmllint (libxml2-utils)" : undefined
}

/** What libvirt's schema has against a document; empty when nothing. */
export const objections = async (schema: string, xml: string): Promise<string> => {
  const folder = fs.mkdtempSync(join(tmpdir(), "troupe-xml-"))
  const path = join(folder, "document.xml")
  fs.writeFileSync(path, xml)
  const words = ["--noout", "--relaxng", `${schemas}/${schema}.rng`, path]
  try {
    await run("xmllint", words)
    return ""
  } catch (error) {
    return String((error as { readonly stderr?: string }).stderr ?? error)
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

export const childrenOf = ({ children }: Element, name: string): readonly Element[] =>
  children.filter((one): one is Element => typeof one !== "string" && one.name === name)

export const attributeOf = ({ attributes }: Element, name: string): string | undefined =>
  attributes.find((one) => one.name === name)?.value

export const textOf = ({ children }: Element): string =>
  children.filter((one) => typeof one === "string").join("")

/** The element at a path of names; the first of each. */
export const at = (root: Element, path: string): Element => {
  let found = root
  for (const name of path.split("/")) {
    const [next] = childrenOf(found, name)
    if (next === undefined) throw new Error(`there is no <${name}> in <${found.name}>`)
    found = next
  }
  return found
}
