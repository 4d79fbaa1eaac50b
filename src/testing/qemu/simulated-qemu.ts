/**
 * QEMU as a program of the simulated host: reads its command line, serves its monitor, runs a
 * guest that powers off at its button. Behaves as the real one was measured; what the plan says
 * goes wrong at the seams `qemu`, `qmp` and `guest`. One object serves any number of processes.
 */
import * as DateTime from "effect/DateTime"
import * as Result from "effect/Result"
import { parseMonitorId } from "../../qemu/monitor-id.ts"
import { Faults, type FaultsBySeam } from "../fault.ts"
import type { Happening } from "../history/operation.ts"
import type { Program, Self } from "../host/program.ts"
import { type Answers, measuredAnswers } from "./answers.ts"
import { type CommandLine, ownWords, readCommandLine } from "./command-line.ts"
import { openAll, openFiles } from "./host-device.ts"
import { QemuProcess } from "./qemu-process.ts"

/** What a guest, or its QEMU, did. `qemu-crashed` is a panic of the guest. */
export type QemuHappening = Pick<Happening, "kind" | "uuid" | "epoch" | "pid">

export interface SimulatedQemuOptions {
  readonly faults?: Faults
  /** Not told of probes. A process that the host kills is the host's to tell of. */
  readonly onHappening?: (happening: QemuHappening) => void
  /** Wall time, in ms: for the times of events and of log lines. */
  readonly wallMs?: () => number
  /** Whether guests let devices go when they are asked; by default they do, as Linux does. */
  readonly ejects?: boolean
  /** By default those of Debian's QEMU 7.2. */
  readonly answers?: Answers
}

/** From its first instruction to its monitor, and from there to its commands. */
export const startMs = 15
export const makeMachineMs = 8
/** A start on a host that has no time for it. */
export const slowStartMs = 8_000

export class SimulatedQemu implements Program {
  private readonly options: Required<SimulatedQemuOptions>

  constructor(options: SimulatedQemuOptions = {}) {
    this.options = {
      faults: options.faults ?? new Faults(),
      onHappening: options.onHappening ?? (() => {}),
      wallMs: options.wallMs ?? (() => 0),
      ejects: options.ejects ?? true,
      answers: options.answers ?? measuredAnswers
    }
  }

  start(self: Self): void {
    const { faults } = this.options
    const words = ownWords(self.argv)
    const read = readCommandLine(words)
    const fault = faults.at("qemu", `start ${self.pid}`)
    if (Result.isFailure(read)) return void self.after(startMs, () => die(self, read.failure, ""))
    const line = read.success
    const id = line.monitor === undefined ? undefined : parseMonitorId(line.monitor)
    const tell = (kind: Happening["kind"]) => {
      // A QEMU without a board is asked, and runs no guest.
      if (line.hasBoard)
        this.options.onHappening({ kind, uuid: id?.uuid, epoch: id?.epoch, pid: self.pid })
    }
    tell("qemu-started")
    self.after(fault === "slow" ? slowStartMs : startMs, () =>
      this.run({ self, line, tell }, fault)
    )
  }

  private run(
    { self, line, tell }: Pick<Launch, "self" | "line" | "tell">,
    fault: FaultsBySeam["qemu"] | undefined
  ): void {
    const stamp = line.hasTimestamps ? stampOf(this.options.wallMs()) : ""
    const lost = line.files.find(({ path }) => !self.has(path))
    const opened = openAll(self, lost === undefined && fault !== "die" ? line.hostDevices : [])
    const why =
      fault === "die"
        ? "cannot set up guest memory 'pc.ram': Cannot allocate memory"
        : lost === undefined
          ? opened.failure
          : `${lost.words}: Could not open '${lost.path}': No such file or directory`
    if (why !== undefined) {
      die(self, why, stamp)
      return tell("qemu-exited")
    }
    // Those of the host are open already.
    const others = line.files.filter(({ device = "" }) => !opened.fds.has(device))
    const fds = new Map([...opened.fds, ...openFiles(self, others)])
    const process = new QemuProcess({ self, line, tell, opened: fds, ...this.options })
    if (process.monitor === undefined) return
    process.monitor.open(fault === "mute")
    // A QEMU that never comes to its main loop has no handlers either: SIGTERM ends it.
    if (fault === "mute") return
    self.after(makeMachineMs, () => {
      if (fault === "die-late") {
        process.monitor?.close()
        die(self, "-device {}: the simulated device cannot be realized", stamp)
        return tell("qemu-exited")
      }
      process.run()
    })
  }
}

interface Launch {
  readonly self: Self
  readonly line: CommandLine
  readonly tell: (kind: Happening["kind"]) => void
}

/** `-msg timestamp=on`: to the microsecond, of which the world knows thousands only. */
const stampOf = (wallMs: number): string =>
  `${DateTime.formatIso(DateTime.makeUnsafe(Math.floor(wallMs))).replace("Z", "000Z")} `

const standardError = 2

const die = (self: Self, why: string, stamp: string): void => {
  self.write(standardError, `${stamp}qemu-system-x86_64: ${why}\n`)
  self.exit(1)
}
