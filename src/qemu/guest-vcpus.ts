/**
 * The vCPUs of a running guest: their threads, and the places where one more can be plugged.
 */
import * as Effect from "effect/Effect"
import { deviceAdd, queryCpus, queryHotpluggableCpus } from "../qmp/command.ts"
import type { JsonObject } from "../qmp/json.ts"
import { type Ask, memberOf, numberAt, rowsOf, textAt } from "./guest-ask.ts"
import { affinityOf, threadDelayNs, threadTimes } from "./guest-threads.ts"

interface ProcessRef {
  readonly pid: number
  readonly startTime: string
}

export interface VcpuThread {
  readonly number: number
  readonly thread: number
}

/** Those that are plugged, by number. */
export const readVcpus = (ask: Ask) =>
  Effect.map(ask(queryCpus()), (cpus): readonly VcpuThread[] =>
    cpus
      .map(({ index, threadId }) => ({ number: index, thread: threadId }))
      .toSorted((a, b) => a.number - b.number)
  )

export interface VcpuFigures extends VcpuThread {
  readonly cpuTimeNs: number
  readonly delayNs: number | undefined
  /** -1: not known. */
  readonly hostCpu: number
  readonly affinity: readonly number[]
}

/** Under TCG several vCPUs may share one thread, whose time each of them is then told. */
export const vcpuFigures = (process: ProcessRef, vcpu: VcpuThread) =>
  Effect.gen(function* () {
    const times = yield* threadTimes(process, vcpu.thread)
    const figures: VcpuFigures = {
      ...vcpu,
      cpuTimeNs: (times?.userNs ?? 0) + (times?.systemNs ?? 0),
      delayNs: yield* threadDelayNs(process, vcpu.thread),
      hostCpu: times?.hostCpu ?? -1,
      affinity: yield* affinityOf(process, vcpu.thread)
    }
    return figures
  })

const placeOrder = ["socket-id", "die-id", "core-id", "thread-id"] as const

const byPlace = (a: JsonObject, b: JsonObject): number => {
  for (const name of placeOrder) {
    const difference = (numberAt(a, "props", name) ?? 0) - (numberAt(b, "props", name) ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Where a vCPU can be plugged and none is, in QEMU's order of numbers. */
const freePlaces = (ask: Ask) =>
  Effect.map(ask(queryHotpluggableCpus()), (reply) =>
    rowsOf(reply)
      .filter((row) => textAt(row, "qom-path") === undefined)
      .toSorted(byPlace)
  )

/** Plugs so many more; how many it came to when there was no room for all. */
export const plugVcpus = (ask: Ask, { from, to }: { readonly from: number; readonly to: number }) =>
  Effect.gen(function* () {
    const places = yield* freePlaces(ask)
    const wanted = places.slice(0, to - from)
    for (const [index, place] of wanted.entries()) {
      const props = memberOf(place, "props")
      const properties = typeof props === "object" && props !== null ? (props as JsonObject) : {}
      const driver = textAt(place, "type") ?? ""
      yield* ask(deviceAdd({ driver, id: `vcpu${from + index}`, ...properties }))
    }
    return from + wanted.length
  })
