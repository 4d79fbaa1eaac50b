/** A domain's chart whose scripts speak with the model of QEMU, and hear what it tells. */
import type { GuestStatus } from "../../../machines/domain/context.ts"
import type { DomainMessage } from "../../../machines/domain/domain.ts"
import { type Birth, birthOf, type DomainRig, words as usualWords } from "./domain-cast.ts"
import { domainLaws, lifeOf } from "./domain-laws.ts"
import { type CommandName, Qemu } from "./qemu.ts"
import type { Running, Word } from "./rig.ts"

const bySignal: { readonly [signal: string]: readonly CommandName[] } = {
  reset: ["system_reset"],
  wakeup: ["system_wakeup"]
}

/** What each script sends, in order, before its last word. */
const commandsOf = ({ script, params }: Running): readonly CommandName[] => {
  switch (script) {
    case "launch":
      return (params as { starter: { isPaused: boolean } }).starter.isPaused ? [] : ["cont"]
    case "pauseGuest":
      return ["stop"]
    case "continueGuest":
      return ["cont"]
    case "bootAgain":
      return ["system_reset", "cont"]
    case "sendSignal":
      return bySignal[(params as { readonly signal: string }).signal] ?? []
    case "reattach":
      return ["query-status"]
    default:
      return []
  }
}

interface Progress {
  sent: number
  isWaiting: boolean
  isRefused: boolean
  status: GuestStatus
}

export class QemuWorld {
  qemu: Qemu | undefined
  readonly rig: DomainRig
  /** By run: its parameters are an object of its own. */
  private readonly progress = new WeakMap<object, Progress>()

  constructor(birth: Birth, status: GuestStatus) {
    if (birth.kind === "adopted") this.qemu = new Qemu(status)
    // QEMU has its own past: what a prelude says it never said.
    this.rig = birthOf(
      { ...birth, prelude: "none" },
      {
        laws: domainLaws,
        cast: {
          words: (running, rig) => this.words(running, rig),
          facts: () => [],
          moves: (rig) => this.moves(rig),
          chances: () => this.qemu?.whims ?? []
        }
      }
    )
  }

  /** What the chart says, and what QEMU says, as far as they may differ at rest. */
  get agrees(): boolean {
    const life = lifeOf(this.rig.state)
    const { onPoweroff } = this.rig.state.context.live ?? {}
    switch (this.qemu?.status) {
      case undefined:
        return life === "shutoff" || life === "gone"
      case "running":
        return life.startsWith("running.")
      case "paused":
      case "prelaunch":
        return life.startsWith("paused.")
      case "suspended":
        return life === "pmsuspended"
      case "crashed":
        return life === "crashed"
      case "shutdown":
        return life.startsWith("paused.") && onPoweroff === "preserve"
    }
  }

  private words(running: Running, rig: DomainRig): readonly Word<DomainMessage>[] {
    const usual = usualWords(running, rig)
    const { script } = running
    if (script === "release")
      return usual.map((word) => ({ ...word, deed: () => (this.qemu = undefined) }))
    if (script === "launch" && !running.said.includes("monitorReady"))
      return usual.map((word) => ({ ...word, deed: () => this.launch(word) }))
    if (commandsOf(running).length === 0) return usual
    return this.speaking(running, usual)
  }

  private launch({ message }: Word<DomainMessage>): void {
    if (message?.type === "launched") this.qemu = new Qemu("prelaunch")
  }

  private speaking(
    running: Running,
    usual: readonly Word<DomainMessage>[]
  ): readonly Word<DomainMessage>[] {
    const at = this.progressOf(running)
    if (at.isWaiting) return []
    const command = commandsOf(running)[at.sent]
    if (!at.isRefused && command !== undefined)
      return [{ message: undefined, isLast: false, deed: () => this.send(command, at) }]
    return usual.filter(({ message }) => isTrue(message, at))
  }

  private progressOf({ params }: Running): Progress {
    const fresh: Progress = { sent: 0, isWaiting: false, isRefused: false, status: "running" }
    const there = this.progress.get(params as object) ?? fresh
    this.progress.set(params as object, there)
    return there
  }

  private send(command: CommandName, at: Progress): void {
    at.isWaiting = true
    at.sent++
    this.qemu?.send(command, (isRefused, status) => {
      at.isWaiting = false
      at.isRefused = isRefused
      at.status = status
    })
  }

  private moves(rig: DomainRig): readonly (() => void)[] {
    const { qemu } = this
    if (qemu === undefined) return []
    const isHeld = rig.scripts.has("launch") || rig.scripts.has("reattach")
    const [first] = qemu.told
    return [
      ...(qemu.isBusy ? [() => qemu.work()] : []),
      ...(first === undefined || isHeld ? [] : [() => this.hear(rig, qemu)])
    ]
  }

  private hear(rig: DomainRig, qemu: Qemu): void {
    const [first, ...rest] = qemu.told
    qemu.told = rest
    const epoch = rig.state.context.epoch ?? "none"
    if (first !== undefined) rig.serve({ ...first, epoch } as DomainMessage)
  }
}

/** Of what a script may say, that which follows from what it was answered. */
const isTrue = (message: DomainMessage | undefined, at: Progress): boolean => {
  switch (message?.type) {
    case "answered":
    case "signalled":
      return (message.failure !== undefined) === at.isRefused
    case "reattached":
      return message.status === at.status
    case "exited":
      return false
    case "started":
      return !at.isRefused
    default:
      return true
  }
}
