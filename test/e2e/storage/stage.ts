/**
 * What the storage tests share: a root and a folder of their own, engines on the root, and what the
 * host says of the files in the folder. Everything is gone when a test ends.
 */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { Troupe, layer } from "../../../src/effect.ts"
import type { Storage } from "../../../src/engine/storage.ts"
import type { StorageEvent } from "../../../src/model/storage.ts"

export const megabyte = 1024 * 1024

export class Stage {
  readonly top = fs.mkdtempSync(join(tmpdir(), "troupe-storage-"))
  readonly root = join(this.top, "root")
  readonly folder = join(this.top, "images")
  private scope: Scope.Closeable | undefined
  private opened: Storage | undefined

  constructor() {
    fs.mkdirSync(this.folder)
  }

  get storage(): Storage {
    if (this.opened === undefined) throw new Error("the engine is not open")
    return this.opened
  }

  /** `emulator`: the QEMU whose neighbour `qemu-img` is used; by default the host's. */
  async open(emulator?: string): Promise<this> {
    const scope = Scope.makeUnsafe()
    const options = { root: this.root, ...(emulator === undefined ? {} : { emulator }) }
    const services = await Effect.runPromise(Layer.buildWithScope(layer(options), scope))
    this.scope = scope
    this.opened = await Effect.runPromise(
      Effect.map(Troupe, ({ storage }) => storage).pipe(Effect.provideContext(services))
    )
    return this
  }

  async close(): Promise<void> {
    if (this.scope !== undefined) await Effect.runPromise(Scope.close(this.scope, Exit.void))
    this.scope = undefined
    this.opened = undefined
  }

  async end(): Promise<void> {
    await this.close()
    fs.rmSync(this.top, { recursive: true, force: true })
  }

  /** A pool that is defined and active. */
  async pool(name = "images", folder = this.folder): Promise<{ readonly name: string }> {
    await run(this.storage.definePool(poolXml(name, folder)))
    await run(this.storage.startPool({ name }))
    return { name }
  }

  /**
   * A QEMU beside which `qemu-img` looks as ever, and makes nothing: it says its pid in `tool.pid`
   * and stays. Whoever uses it sees to its end.
   */
  stuckTool(): string {
    const folder = join(this.top, "bin")
    fs.mkdirSync(folder)
    const pid = join(this.top, "tool.pid")
    const script = `#!/bin/sh
if [ "$1" = info ]; then exec /usr/bin/qemu-img "$@"; fi
echo half > "$(for word; do case $word in */.troupe-*) echo "$word";; esac; done)"
echo $$ > ${pid}.new
mv ${pid}.new ${pid}
exec sleep 1000
`
    fs.writeFileSync(join(folder, "qemu-img"), script, { mode: 0o755 })
    return join(folder, "qemu-system-x86_64")
  }

  /** The pid that the stuck tool has said. */
  async toolPid(): Promise<number> {
    const path = join(this.top, "tool.pid")
    while (!fs.existsSync(path)) await new Promise((resolve) => setTimeout(resolve, 2))
    return Number(fs.readFileSync(path, "utf8"))
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Hidden ones too. */
  files(): readonly string[] {
    return fs.readdirSync(this.folder).toSorted()
  }

  /** Until the test's scope ends. */
  async hear(): Promise<readonly StorageEvent[]> {
    const events: StorageEvent[] = []
    if (this.scope === undefined) throw new Error("the engine is not open")
    const listening = this.storage.subscribe((event) => void events.push(event))
    await run(Effect.provideService(listening, Scope.Scope, this.scope))
    return events
  }
}

export const run = <A, E>(effect: Effect.Effect<A, E>): Promise<A> => Effect.runPromise(effect)

/** The tag of how it failed. */
export const tagOf = <A, E extends { readonly _tag: string }>(
  effect: Effect.Effect<A, E>
): Promise<string> => Effect.runPromise(Effect.map(Effect.flip(effect), (error) => error._tag))

export const poolXml = (name: string, folder: string, uuid?: string): string =>
  `<pool type='dir'><name>${name}</name>${uuid === undefined ? "" : `<uuid>${uuid}</uuid>`}` +
  `<target><path>${folder}</path></target></pool>`

export interface VolumeText {
  readonly name: string
  readonly capacity?: number
  readonly allocation?: number
  readonly format?: string
  readonly more?: string
}

export const volumeXml = ({ name, capacity, allocation, format, more = "" }: VolumeText): string =>
  `<volume><name>${name}</name>` +
  (capacity === undefined ? "" : `<capacity>${capacity}</capacity>`) +
  (allocation === undefined ? "" : `<allocation>${allocation}</allocation>`) +
  (format === undefined ? "" : `<target><format type='${format}'/></target>`) +
  `${more}</volume>`

interface Facts {
  readonly format: string
  readonly "virtual-size": number
  readonly "full-backing-filename"?: string
}

/** What QEMU itself says. */
export const imageFacts = (path: string): Facts =>
  JSON.parse(execFileSync("qemu-img", ["info", "-U", "--output=json", path], { encoding: "utf8" }))

/** Whether QEMU finds the same content in both. */
export const isSameContent = (one: string, other: string): boolean => {
  try {
    execFileSync("qemu-img", ["compare", one, other], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}
