/**
 * What the host tells of QEMU's process and threads (proc(5)): times, where they may run and ran,
 * memory. Each read checks that the process is still the one that was meant. Asks QEMU nothing.
 */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"

/** A process of the host, for the life of the host's boot. */
interface ProcessRef {
  readonly pid: number
  readonly startTime: string
}

const textBytesMax = 16 * 1024
/** `USER_HZ`: 100 on every Linux that QEMU runs on. */
const ticksPerSecond = 100
const tickNs = 1e9 / ticksPerSecond

const readText = (path: string) =>
  Effect.gen(function* () {
    return new TextDecoder().decode(yield* (yield* Files).read(path, textBytesMax))
  })

/** `undefined` for what is not there: a thread may end at any time, a kernel lack a file. */
const readMaybe = (path: string): Effect.Effect<string | undefined, never, Files> =>
  Effect.catch(readText(path), () => Effect.succeed(undefined))

export interface ThreadTimes {
  readonly userNs: number
  readonly systemNs: number
  /** The host CPU that it ran on last. */
  readonly hostCpu: number
}

/** Fields 14, 15, 22 and 39 of `stat`; a name may hold blanks and parentheses. */
const parseStat = (text: string) => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const at = (number: number) => Number(fields[number - 3])
  return {
    startTime: fields[22 - 3],
    times: { userNs: at(14) * tickNs, systemNs: at(15) * tickNs, hostCpu: at(39) }
  }
}

/** Of the whole process, its ended threads too; `undefined` when it is no more. */
export const processTimes = ({ pid, startTime }: ProcessRef) =>
  Effect.map(readMaybe(`/proc/${pid}/stat`), (text): ThreadTimes | undefined => {
    if (text === undefined) return undefined
    const parsed = parseStat(text)
    return parsed.startTime === startTime ? parsed.times : undefined
  })

/** `undefined` when the thread, or the process, is no more. */
export const threadTimes = (process: ProcessRef, thread: number) =>
  Effect.gen(function* () {
    const text = yield* readMaybe(`/proc/${process.pid}/task/${thread}/stat`)
    if (text === undefined || (yield* processTimes(process)) === undefined) return undefined
    return parseStat(text).times
  })

/** Time that the thread was ready and did not run, in ns (`schedstat`, second figure). */
export const threadDelayNs = ({ pid }: ProcessRef, thread: number) =>
  Effect.map(readMaybe(`/proc/${pid}/task/${thread}/schedstat`), (text) => {
    const delay = text?.trim().split(" ")[1]
    return delay === undefined ? undefined : Number(delay)
  })

const lineOf = (text: string | undefined, name: string): string | undefined =>
  text
    ?.split("\n")
    .find((line) => line.startsWith(`${name}:`))
    ?.slice(name.length + 1)
    .trim()

/** What the process holds in memory. */
export const residentKiB = ({ pid }: ProcessRef) =>
  Effect.map(readMaybe(`/proc/${pid}/status`), (text) => {
    const value = Number.parseInt(lineOf(text, "VmRSS") ?? "", 10)
    return Number.isNaN(value) ? undefined : value
  })

/** `0-3,5` as numbers, ascending; what cannot be read is nothing. */
export const cpuList = (list: string): readonly number[] =>
  list.split(",").flatMap((part) => {
    const words = part.split("-")
    if (words.some((word) => !/^\d+$/.test(word))) return []
    const [first = Number.NaN, last = first] = words.map(Number)
    if (!Number.isInteger(first) || !Number.isInteger(last) || last < first) return []
    return Array.from({ length: Math.min(last - first + 1, cpusMax) }, (_, index) => first + index)
  })

/** The largest that Linux can be built for. */
const cpusMax = 8192

/** Host CPUs that the thread may run on; of the process's main thread by default. */
export const affinityOf = ({ pid }: ProcessRef, thread = pid) =>
  Effect.map(readMaybe(`/proc/${pid}/task/${thread}/status`), (text) =>
    cpuList(lineOf(text, "Cpus_allowed_list") ?? "")
  )

/** Host CPUs that are there to run on. */
export const onlineCpus: Effect.Effect<readonly number[], never, Files> = Effect.map(
  readMaybe("/sys/devices/system/cpu/online"),
  (text) => cpuList(text?.trim() ?? "0")
)
