/**
 * What the tests of a running guest share: an engine on a root of its own in this process, and a
 * guest with everything that can be asked about. Ends leave no process and no file.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { hostLayer, Troupe, layerWithoutHost, type TroupeEvent } from "../../../src/effect.ts"
import type { Engine } from "../../../src/engine/engine.ts"
import type { Domain } from "../../../src/engine/handle.ts"
import { setStage, type Stage } from "../faces-stage.ts"

export const run = async <A, E>(effect: Effect.Effect<A, E>): Promise<A> => {
  const exit = await Effect.runPromiseExit(effect)
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}

/** The tag of the failure; `ok` when there was none. */
export const tagOf = <A, E extends { readonly _tag: string }>(effect: Effect.Effect<A, E>) =>
  run(Effect.match(effect, { onSuccess: () => "ok", onFailure: ({ _tag }) => _tag }))

export interface Scene extends AsyncDisposable {
  readonly stage: Stage
  readonly engine: Engine
  readonly events: TroupeEvent[]
  readonly heard: (type: string) => Promise<TroupeEvent>
  /** Defines it, with the XML rewritten. */
  readonly define: (name: string, edit?: (xml: string) => string) => Promise<Domain>
}

export const until = async (what: string, isSo: () => boolean | Promise<boolean>) => {
  const end = performance.now() + 30_000
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`waited 30 s for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

export const setScene = async (): Promise<Scene> => {
  const stage = setStage()
  const scope = Scope.makeUnsafe()
  const options = { root: stage.root, guests: "stop" as const }
  const layer = Layer.provide(layerWithoutHost(options), hostLayer)
  const services = await run(Layer.buildWithScope(layer, scope))
  const engine = Context.get(services, Troupe)
  const events: TroupeEvent[] = []
  const take = await run(Effect.provideService(engine.subscribe(), Scope.Scope, scope))
  const listening = run(
    Effect.gen(function* () {
      for (;;) {
        const event = yield* take
        if (event === undefined) return
        events.push(event)
      }
    })
  )
  return {
    stage,
    engine,
    events,
    heard: async (type) => {
      const found = () => events.find((event) => event.type === type)
      await until(`event ${type}`, () => found() !== undefined)
      const event = found()
      if (event === undefined) throw new Error("it was heard")
      return event
    },
    define: (name, edit = (xml) => xml) => run(engine.defineXML(edit(stage.definition(name)))),
    [Symbol.asyncDispose]: async () => {
      await run(Scope.close(scope, Exit.void))
      await listening
      await stage[Symbol.asyncDispose]()
    }
  }
}

/** A guest with a balloon, a screen, a card, an empty CD drive, an I/O thread, room for vCPUs. */
export const rich = (xml: string): string =>
  xml.replace("<vcpu>1</vcpu>", "<vcpu current='1'>3</vcpu><iothreads>1</iothreads>").replace(
    "</devices>",
    `<disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/></disk>
       <interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/></interface>
       <video><model type='vga'/></video><graphics type='vnc' autoport='yes'/>
       <memballoon model='virtio'/></devices>`
  )

/** A qcow2 image with nothing in it, of this size. */
export const qcow2 = (stage: Stage, name: string, sizeBytes: number): string => {
  const path = join(stage.directory, name)
  const header = new DataView(new ArrayBuffer(64 * 1024 * 4))
  header.setUint32(0, 0x51_46_49_fb)
  header.setUint32(4, 2)
  header.setUint32(20, 16)
  header.setBigUint64(24, BigInt(sizeBytes))
  writeFileSync(path, new Uint8Array(header.buffer))
  return path
}
