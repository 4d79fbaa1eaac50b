/**
 * QEMU as a domain's chart meets it: a run state, commands carried out one after the other, events
 * in order, and each event before the reply of the command that caused it. As it was
 * measured on QEMU 7.2.
 */
import type { GuestStatus, QmpFact } from "../../../machines/domain/context.ts"

type Told = QmpFact extends infer F
  ? F extends { epoch: string }
    ? Omit<F, "epoch">
    : never
  : never

export type CommandName = "stop" | "cont" | "system_reset" | "system_wakeup" | "query-status"

interface Command {
  readonly name: CommandName
  readonly onReply: (isRefused: boolean, status: GuestStatus) => void
}

export class Qemu {
  status: GuestStatus
  /** Sent and not yet carried out. */
  private commands: readonly Command[] = []
  /** Emitted and not yet heard. */
  told: readonly Told[] = []

  constructor(status: GuestStatus) {
    this.status = status
  }

  send(name: CommandName, onReply: Command["onReply"]): void {
    this.commands = [...this.commands, { name, onReply }]
  }

  get isBusy(): boolean {
    return this.commands.length > 0
  }

  /** Carries out the next command. */
  work(): void {
    const [first, ...rest] = this.commands
    this.commands = rest
    first?.onReply(this.perform(first.name), this.status)
  }

  /** True: refused. */
  private perform(name: CommandName): boolean {
    switch (name) {
      case "stop":
        if (this.status === "running") this.become("paused", "qmpStop")
        return false
      case "cont":
        if (this.status === "shutdown") return true
        if (this.status !== "running" && this.status !== "suspended")
          this.become("running", "qmpResume")
        return false
      case "system_reset":
        if (this.status === "suspended") return true
        this.tell({ type: "qmpReset" })
        if (this.status !== "running") this.status = "prelaunch"
        return false
      case "system_wakeup":
        if (this.status !== "suspended") return true
        this.become("running", "qmpWakeup")
        return false
      case "query-status":
        return false
    }
  }

  /** What a guest that runs may do by itself. */
  get whims(): readonly (() => void)[] {
    if (this.status !== "running") return []
    return [
      () => {
        this.tell({ type: "qmpShutdown", isGuest: true, reason: "guest-shutdown" })
        this.become("shutdown", "qmpStop")
      },
      () => {
        this.tell({ type: "qmpPanicked" })
        this.become("crashed", "qmpStop")
      },
      () => {
        this.tell({ type: "qmpPauseCause", cause: "ioerror" })
        this.become("paused", "qmpStop")
      },
      () => {
        this.status = "suspended"
        this.tell({ type: "qmpSuspend", toDisk: false })
      },
      () => this.tell({ type: "qmpReset" })
    ]
  }

  private become(status: GuestStatus, event: "qmpStop" | "qmpResume" | "qmpWakeup"): void {
    this.status = status
    this.tell({ type: event })
  }

  private tell(event: { readonly type: string; readonly [key: string]: unknown }): void {
    this.told = [...this.told, event as Told]
  }
}
