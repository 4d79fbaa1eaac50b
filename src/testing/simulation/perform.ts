/** One call of a plan as the engine's own API makes it, and what the caller gets to see of it. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { DomainSummary } from "../../../actors/driver/reads.ts"
import type { Engine } from "../../engine/engine.ts"
import { type ApiCall, type Slot, slotName, slotUuid } from "../history/api-call.ts"
import type { DomainSeen, OperationResult, OperationValue } from "../history/operation.ts"
import { definitionXml, titleOf, versionOf } from "./definition.ts"
import { hostdevXml, nodeName } from "./host-devices.ts"

export interface Performing {
  readonly engine: Engine
  readonly emulator: string
  readonly hasDevices?: boolean | undefined
  /** Of the client, for guests that end with it. */
  readonly connection: string | undefined
}

type Performed = Effect.Effect<
  OperationValue | void,
  { readonly _tag: string; readonly message: string }
>

const seen = ({ uuid, name, state, isPersistent, isAutostart }: DomainSummary): DomainSeen => ({
  uuid,
  name,
  state,
  isPersistent,
  isAutostart
})

const startOptions = (
  { isPaused, autoDestroy }: { readonly isPaused?: boolean; readonly autoDestroy?: boolean },
  connection: string | undefined
) => ({
  ...(isPaused === undefined ? {} : { isPaused }),
  ...(autoDestroy !== true || connection === undefined ? {} : { autoDestroy: { id: connection } })
})

const titleIn = (xml: string): string | undefined => /<title>(.*?)<\/title>/.exec(xml)?.[1]

/** The handle of a slot is made by its uuid; what is not there fails as in any program. */
const on = (engine: Engine, domain: Slot) => engine.lookup({ uuid: slotUuid(domain) })

export const perform = (call: ApiCall, performing: Performing): Performed => {
  const { engine, connection, emulator, hasDevices } = performing
  switch (call.call) {
    case "define":
      return Effect.asVoid(engine.defineXML(definitionXml({ ...call, emulator, hasDevices })))
    case "create":
      return Effect.asVoid(
        engine.createXML(
          definitionXml({ ...call, emulator, hasDevices }),
          startOptions(call, connection)
        )
      )
    case "start":
      return Effect.flatMap(on(engine, call.domain), (domain) =>
        Effect.map(domain.start(startOptions(call, connection)), (id) => ({ id }))
      )
    case "destroy": {
      const { isGraceful = false } = call
      return Effect.flatMap(on(engine, call.domain), (domain) => domain.destroy({ isGraceful }))
    }
    case "shutdown":
      return Effect.flatMap(on(engine, call.domain), (domain) => domain.shutdown(call.mode))
    case "reboot":
      return Effect.flatMap(on(engine, call.domain), (domain) => domain.reboot(call.mode))
    case "suspend":
    case "resume":
    case "reset":
    case "wakeup":
    case "undefine":
      return Effect.flatMap(on(engine, call.domain), (domain) => domain[call.call])
    case "rename":
      return Effect.flatMap(on(engine, call.domain), (domain) => domain.rename(slotName(call.to)))
    case "setAutostart":
      return Effect.flatMap(on(engine, call.domain), (domain) =>
        domain.setAutostart(call.isAutostart)
      )
    case "setTitle":
      return Effect.flatMap(on(engine, call.domain), (domain) =>
        domain.setTitle(titleOf(call.version))
      )
    case "attachDevice":
    case "detachDevice": {
      const xml = hostdevXml(call.device)
      return Effect.flatMap(on(engine, call.domain), (domain) =>
        domain[call.call](xml, { live: true })
      )
    }
    case "nodeDetach":
      return engine.node.devices.detach(nodeName(call.device))
    case "nodeReattach":
      return engine.node.devices.reattach(nodeName(call.device))
    case "nodeReset":
      return engine.node.devices.reset(nodeName(call.device))
    case "reloadConfig":
      return Effect.asVoid(engine.reloadConfig)
    case "list":
      return Effect.map(engine.list(), (rows) => ({ domains: rows.map(seen) }))
    case "info":
    case "lookup":
    case "xml":
      return look(call.call, call.domain, engine)
  }
}

const look = (call: "info" | "lookup" | "xml", slot: Slot, engine: Engine): Performed => {
  const found = on(engine, slot)
  if (call === "lookup") return Effect.map(found, ({ name }) => ({ name }))
  if (call === "xml")
    return Effect.flatMap(found, (domain) =>
      Effect.map(domain.xml(), (xml) => {
        const version = versionOf(titleIn(xml))
        return version === undefined ? {} : { version }
      })
    )
  return Effect.flatMap(found, (domain) =>
    Effect.map(domain.info, ({ state, reason, name, isPersistent, isAutostart, id }) => ({
      state,
      reason,
      name,
      isPersistent,
      isAutostart,
      ...(id === undefined ? {} : { id })
    }))
  )
}

/** How a call's fiber ended, as plain data. A defect is an answer too, and a law forbids it. */
export const resultOf = (exit: Exit.Exit<OperationValue | void, unknown>): OperationResult => {
  if (Exit.isSuccess(exit)) return { kind: "ok", value: exit.value ?? undefined }
  const failure = exit.cause.reasons.find((reason) => reason._tag === "Fail")
  if (failure === undefined)
    return {
      kind: "error",
      tag: Cause.hasInterrupts(exit.cause) ? "Interrupted" : "Defect",
      message: Cause.pretty(exit.cause)
    }
  const error = failure.error as { readonly _tag?: string; readonly message?: string }
  return { kind: "error", tag: error._tag ?? "Unknown", message: error.message ?? String(error) }
}
