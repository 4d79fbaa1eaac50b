/**
 * What may happen in one domain next: each script's next step as the files of actors/domain have
 * it, QEMU's next command, its next event, its death and what the guest does by itself. Reserving
 * asks the pool; everything else is the domain's own.
 */
import type { DomainMessage } from "../../../machines/domain/domain.ts"
import { OperationFailed, StartFailed } from "../../../src/model/domain-error.ts"
import { type CommandName, die, freshGuest, perform, whims } from "./guest.ts"
import { definition, Draft, type Part, type Running } from "./part.ts"

/** `take`: only when it is free, or its own; `busy`: only when another has it. */
export interface PoolDeed {
  readonly kind: "take" | "busy" | "give"
  readonly token: string
}

export interface Deed {
  readonly name: string
  readonly next: Part
  readonly pool: PoolDeed | undefined
  readonly answered: readonly number[]
  readonly broken: readonly string[]
}

const domain = "web"
const failure = new OperationFailed({ domain, operation: "it", why: "QEMU said no" })
const startFailure = new StartFailed({ domain, step: "launch", why: "no" })
const startFailed: DomainMessage = { type: "startFailed", failure: startFailure }

type Perform = (draft: Draft) => void

/** Collects what may happen to one part. */
class Deeds {
  readonly all: Deed[] = []
  private readonly part: Part

  constructor(part: Part) {
    this.part = part
  }

  add(name: string, act: Perform, pool?: PoolDeed): void {
    const draft = new Draft(this.part)
    act(draft)
    const { done: next, answered, broken } = draft
    this.all.push({ name, next, pool, answered, broken })
  }
}

const commandsOf = ({ script, params }: Running): readonly CommandName[] => {
  switch (script) {
    case "pauseGuest":
      return ["stop"]
    case "continueGuest":
      return ["cont"]
    case "bootAgain":
      return ["system_reset", "cont"]
    case "reattach":
      return ["query-status"]
    case "sendSignal": {
      const { signal } = params as { readonly signal: string }
      if (signal === "reset") return ["system_reset"]
      return signal === "wakeup" ? ["system_wakeup"] : []
    }
    default:
      return []
  }
}

/** The next command is sent; without a QEMU there is nobody, and that is an answer. */
const send = (draft: Draft, key: string, command: CommandName): void => {
  const running = draft.running.get(key)
  const { guest } = draft
  if (running === undefined) return
  if (guest === undefined || guest.status === "dead")
    return draft.change(key, { isRefused: true, status: "dead" })
  draft.guest = { ...guest, commands: [...guest.commands, { name: command, asker: key }] }
  draft.change(key, { isWaiting: true, stage: running.stage + 1 })
}

const launch = (deeds: Deeds, running: Running): void => {
  const { epoch, starter } = running.params as {
    readonly epoch: string
    readonly starter: { readonly isPaused: boolean }
  }
  const fail: Perform = (draft) => draft.last("launch", startFailed)
  switch (running.stage) {
    case 0: {
      const reserve: Perform = (draft) => {
        draft.holds = epoch
        draft.change("launch", { stage: 1 })
      }
      deeds.add("reserves the device", reserve, { kind: "take", token: epoch })
      return deeds.add("finds the device taken", fail, { kind: "busy", token: epoch })
    }
    case 1: {
      const spawn: Perform = (draft) => {
        draft.guest = freshGuest
        draft.change("launch", { stage: 2 })
        const process = { pid: 7, startTime: "1" }
        draft.serve({ type: "launched", epoch, id: 3, process, live: definition })
      }
      deeds.add("spawns QEMU", spawn)
      return deeds.add("cannot spawn QEMU", fail)
    }
    case 2:
      return deeds.add("connects", (draft) => {
        if (draft.guest?.status === "dead") return fail(draft)
        draft.change("launch", { stage: 3 })
        draft.serve({ type: "monitorReady", epoch })
      })
    case 3:
      if (starter.isPaused)
        return deeds.add("has started, paused", (draft) =>
          draft.last("launch", { type: "started", isPaused: true })
        )
      return running.isRefused
        ? deeds.add("cannot start", fail)
        : deeds.add("sends cont", (draft) => send(draft, "launch", "cont"))
    default:
      if (running.isRefused) deeds.add("cannot start", fail)
      else
        deeds.add("has started", (draft) =>
          draft.last("launch", { type: "started", isPaused: false })
        )
  }
}

const release = (deeds: Deeds, { params, stage }: Running): void => {
  const { epoch } = params as { readonly epoch: string }
  if (stage === 0)
    return deeds.add("kills QEMU and sees it dead", (draft) => {
      draft.guest = undefined
      draft.change("release", { stage: 1 })
    })
  deeds.add(
    "gives all back",
    (draft) => {
      draft.holds = undefined
      draft.last("release", { type: "released" })
    },
    { kind: "give", token: epoch }
  )
}

/** What a script says at its end, of what may be true then. */
const lastWords = ({ script, isRefused, status }: Running): readonly DomainMessage[] => {
  const answer = isRefused ? failure : undefined
  switch (script) {
    case "pauseGuest":
    case "continueGuest":
    case "bootAgain":
      return [{ type: "answered", failure: answer }]
    case "sendSignal":
      if (isRefused) return [{ type: "signalled", failure, viaAcpi: false }]
      return [
        { type: "signalled", failure: undefined, viaAcpi: true },
        { type: "signalled", failure: undefined, viaAcpi: false }
      ]
    case "write":
      return [{ type: "written" }, { type: "writeFailed", error: "disk full" }]
    case "unregister":
      return [{ type: "unregistered" }]
    case "deadline":
      return [{ type: "overdue" }]
    case "reattach":
      return status === "dead" ? [] : [{ type: "reattached", status: status as "running" }]
    default:
      return []
  }
}

const speak = (deeds: Deeds, key: string, running: Running): void => {
  const command = commandsOf(running)[running.stage]
  if (!running.isRefused && command !== undefined)
    return deeds.add(`${key} sends ${command}`, (draft) => send(draft, key, command))
  if (running.script === "reattach" && running.status === "dead")
    return deeds.add("finds its QEMU dead", (draft) =>
      draft.last(key, {
        type: "exited",
        epoch: draft.epoch ?? "none",
        isClean: false,
        why: "it was killed"
      })
    )
  const words = lastWords(running)
  for (const message of words)
    deeds.add(`${key} says ${message.type}`, (draft) => draft.last(key, message))
  if (words.length === 0) deeds.add(`${key} ends`, (draft) => draft.last(key))
}

const work: Perform = (draft) => {
  const { guest } = draft
  const [command, ...rest] = guest?.commands ?? []
  if (guest === undefined || command === undefined) return
  const done = perform({ ...guest, commands: rest }, command.name)
  draft.guest = done.guest
  if (command.asker === undefined) return
  const { isRefused } = done
  draft.change(command.asker, { isWaiting: false, isRefused, status: done.guest.status })
}

/** Of a QEMU that has died every pending command fails once. */
const perish: Perform = (draft) => {
  const { guest } = draft
  if (guest === undefined) return
  draft.deathsLeft--
  for (const { asker } of guest.commands)
    if (asker !== undefined)
      draft.change(asker, { isWaiting: false, isRefused: true, status: "dead" })
  draft.guest = die({ ...guest, commands: [] })
}

const ofGuest = (deeds: Deeds, part: Part): void => {
  const { guest, running, whimsLeft, deathsLeft } = part
  if (guest === undefined) return
  if (guest.commands.length > 0) deeds.add(`QEMU does ${guest.commands[0]?.name}`, work)
  const [first, ...rest] = guest.told
  // Until it is opened, the ear keeps what QEMU tells.
  if (first !== undefined && !running.has("launch") && !running.has("reattach"))
    deeds.add(`QEMU tells ${first.type}`, (draft) => {
      draft.guest = { ...guest, told: rest }
      draft.serve({ ...first, epoch: draft.epoch ?? "none" } as DomainMessage)
    })
  if (whimsLeft > 0)
    for (const [what, next] of whims(guest))
      deeds.add(`the guest ${what}`, (draft) => {
        draft.whimsLeft--
        draft.guest = next
      })
  if (deathsLeft > 0 && guest.status !== "dead") deeds.add("QEMU dies", perish)
}

/** Everything that may happen in this domain without anybody asking. */
export const deedsOf = (part: Part): readonly Deed[] => {
  const deeds = new Deeds(part)
  for (const [key, running] of part.running) {
    if (running.isWaiting) continue
    if (key === "launch") launch(deeds, running)
    else if (key === "release") release(deeds, running)
    else speak(deeds, key, running)
  }
  ofGuest(deeds, part)
  return deeds.all
}

/** The domain is asked something. */
export const ask = (part: Part, message: DomainMessage): Deed => {
  const deeds = new Deeds(part)
  deeds.add(`is asked to ${message.type}`, (draft) => draft.serve(message))
  const [deed] = deeds.all
  if (deed === undefined) throw new Error("what is asked is served")
  return deed
}
