/**
 * Whether KVM runs guests, by running one: a device that opens is no proof (a host may offer
 * /dev/kvm and let every guest of it hang). Answers as data; never fails, never takes long.
 */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"
import { lastWords } from "../host/log-file.ts"
import type { ProcessExit } from "../host/process.ts"
import type { KvmState } from "./capabilities.ts"
import { explainDeath, type Launched } from "./launcher.ts"
import type { LaunchPlan } from "./launch-plan.ts"
import { launchProbe, type ProbeRoom, probePlan } from "./probe-process.ts"
import { trialImage, trialWords } from "./trial-guest.ts"

/** From the spawn to the guest's reset: 0.1 s under TCG, so that this is 20 times enough. */
export const trialTimeoutMs = 2_000

const kvmDevice = "/dev/kvm"

export interface Trial {
  readonly state: KvmState
  /** Holds until the host is booted again; else it may hold no longer than a missing permission. */
  readonly isLasting: boolean
}

export interface TrialOptions {
  readonly binary: string
  /** The firmware to run; by default the trial guest. */
  readonly image?: Uint8Array
  /** By default KVM with the host's own processor, as most guests have it. */
  readonly accelerator?: "kvm" | "tcg"
}

export const kvmTrial = Effect.fnUntraced(function* (room: ProbeRoom, options: TrialOptions) {
  const { binary, image = trialImage(), accelerator = "kvm" } = options
  const files = yield* Files
  if (!/(x86_64|i386|kvm)$/.test(binary)) {
    return unusable("there is no trial guest for its architecture", false)
  }
  if (accelerator === "kvm" && (yield* Effect.isFailure(files.stat(kvmDevice)))) {
    return unusable(`this host has no ${kvmDevice}`, false)
  }
  return yield* runTrial(room, { binary, image, accelerator }).pipe(
    Effect.catch((error) => Effect.succeed(unusable(error.message, false)))
  )
})

const unusable = (why: string, isLasting: boolean): Trial => ({
  state: { unusable: why },
  isLasting
})

const wordsFor = (accelerator: "kvm" | "tcg", imagePath: string): readonly string[] =>
  [
    ["-machine", `q35,accel=${accelerator}`],
    ["-cpu", accelerator === "kvm" ? "host" : "max"],
    ["-m", "4"],
    ["-no-reboot"],
    ["-bios", imagePath],
    // Standard output is the log: what the guest says stands there among QEMU's own words.
    ["-chardev", "stdio,id=words,signal=off"],
    ["-serial", "chardev:words"]
  ].flat()

const runTrial = Effect.fnUntraced(function* (room: ProbeRoom, options: Required<TrialOptions>) {
  const files = yield* Files
  const { binary, image, accelerator } = options
  const base = yield* probePlan(room, { binary, words: [] })
  const imagePath = `${base.logPath.slice(0, -".log".length)}.bin`
  yield* Effect.acquireRelease(writeImage(imagePath, image), () =>
    Effect.ignore(files.unlink(imagePath))
  )
  const plan: LaunchPlan = {
    ...base,
    argv: [...base.argv, ...wordsFor(accelerator, imagePath)]
  }
  const launched = yield* launchProbe(plan)
  const exit = yield* Effect.timeoutOption(exitOf(launched), trialTimeoutMs)
  if (exit._tag === "Some") return yield* judge(plan, launched, exit.value)
  const device = accelerator === "kvm" ? `${kvmDevice} opens, but a` : "a"
  const why = `${device} trial guest did not run to its end within ${trialTimeoutMs} ms`
  return unusable(why, true)
}, Effect.scoped)

const exitOf = (launched: Launched) =>
  Effect.callback<ProcessExit>((resume) => launched.onExit((exit) => resume(Effect.succeed(exit))))

const judge = Effect.fnUntraced(function* (
  plan: LaunchPlan,
  launched: Launched,
  exit: ProcessExit
) {
  const said = yield* lastWords(plan.logPath, { from: launched.logOffset })
  if (said.some((line) => line.includes(trialWords))) {
    const usable: Trial = { state: "usable", isLasting: true }
    return usable
  }
  const died = yield* explainDeath(plan, launched, exit)
  // An assertion of QEMU is of this kernel and this QEMU; a refusal may be a permission.
  return unusable(died.message, exit.signal !== undefined)
})

const writeImage = Effect.fnUntraced(function* (path: string, image: Uint8Array) {
  const files = yield* Files
  const file = yield* files.open(path, "write", 0o600)
  yield* Effect.ensuring(files.write(file, image), files.close(file))
})
