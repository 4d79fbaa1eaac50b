/** A host whose /proc and /sys say what a test wants, and effects run on it. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import { SimulatedHost, type HostServices } from "../../../src/testing/host/host.ts"
import { put } from "../../../src/testing/host/put.ts"
import { World } from "../../../src/testing/world.ts"

export type Texts = { readonly [path: string]: string }

export const hostWith = (texts: Texts): SimulatedHost => {
  const host = new SimulatedHost(new World([]), { programs: new Map() })
  for (const [path, text] of Object.entries(texts)) put(host.disk, path, { text })
  return host
}

/** Runs an effect as an engine of that host, to its end. */
export const runOn = <A, E>(host: SimulatedHost, effect: Effect.Effect<A, E, HostServices>): A => {
  const engine = host.engine("engine", () => {})
  const fiber = Effect.runForkWith(engine.context)(effect)
  while (fiber.pollUnsafe() === undefined && host.world.step());
  const exit = fiber.pollUnsafe()
  engine.exit()
  if (exit === undefined) throw new Error("nothing is left to do, and the effect has not ended")
  if (exit._tag === "Failure") throw Cause.squash(exit.cause)
  return exit.value
}

interface Place {
  readonly socket: number
  readonly core: number
  readonly siblings: string
}

const cpu = (id: number, { socket, core, siblings }: Place): Texts => {
  const at = `/sys/devices/system/cpu/cpu${id}`
  const cache = `${at}/cache/index3`
  return {
    [`${at}/topology/physical_package_id`]: `${socket}\n`,
    [`${at}/topology/die_id`]: "0\n",
    [`${at}/topology/core_id`]: `${core}\n`,
    [`${at}/topology/thread_siblings_list`]: `${siblings}\n`,
    [`${at}/cache/index0/level`]: "1\n",
    [`${cache}/id`]: `${socket}\n`,
    [`${cache}/level`]: "3\n",
    [`${cache}/type`]: "Unified\n",
    [`${cache}/size`]: "16384K\n",
    [`${cache}/shared_cpu_list`]: socket === 0 ? "0-1,4-5\n" : "2-3,6-7\n"
  }
}

const cell = (id: number, cpus: string, distance: string): Texts => {
  const at = `/sys/devices/system/node/node${id}`
  const huge = `${at}/hugepages/hugepages-2048kB`
  return {
    [`${at}/meminfo`]: `Node ${id} MemTotal: 4000000 kB\nNode ${id} MemFree: ${id + 1}000000 kB\n`,
    [`${at}/cpulist`]: `${cpus}\n`,
    [`${at}/distance`]: `${distance}\n`,
    [`${huge}/nr_hugepages`]: `${10 * id}\n`,
    [`${huge}/free_hugepages`]: `${4 * id}\n`
  }
}

/** Two sockets, each a cell, with two cores of two threads. */
export const twoSockets: Texts = {
  "/proc/sys/kernel/hostname": "big\n",
  "/proc/sys/kernel/arch": "x86_64\n",
  "/proc/cpuinfo":
    "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nstepping\t: 7\n" +
    "microcode\t: 0x5003604\ncpu MHz\t\t: 2893.202\n" +
    "flags\t\t: fpu vme lm sse sse4_1 tsc_deadline_timer made_up\n" +
    "address sizes\t: 46 bits physical, 48 bits virtual\n\nprocessor\t: 1\n",
  "/proc/stat": "cpu  10 20 30 40 50 60 70 0 0 0\ncpu1 1 2 3 4 5 6 7 0 0 0\n",
  "/proc/meminfo": "MemTotal: 8000000 kB\nMemFree: 3000000 kB\nBuffers: 5 kB\nCached: 7 kB\n",
  "/sys/devices/system/cpu/present": "0-7\n",
  "/sys/devices/system/cpu/online": "0-7\n",
  "/sys/devices/system/node/online": "0-1\n",
  ...cpu(0, { socket: 0, core: 0, siblings: "0,4" }),
  ...cpu(1, { socket: 0, core: 1, siblings: "1,5" }),
  ...cpu(2, { socket: 1, core: 0, siblings: "2,6" }),
  ...cpu(3, { socket: 1, core: 1, siblings: "3,7" }),
  ...cpu(4, { socket: 0, core: 0, siblings: "0,4" }),
  ...cpu(5, { socket: 0, core: 1, siblings: "1,5" }),
  ...cpu(6, { socket: 1, core: 0, siblings: "2,6" }),
  ...cpu(7, { socket: 1, core: 1, siblings: "3,7" }),
  ...cell(0, "0-1,4-5", "10 21"),
  ...cell(1, "2-3,6-7", "21 10"),
  "/sys/class/dmi/id/product_uuid": "4C4C4544-0042-3510-8056-B4C04F4E3232\n",
  "/sys/class/dmi/id/sys_vendor": "Maker & Sons\n",
  "/sys/class/dmi/id/product_name": "Box <2>\n",
  "/sys/class/dmi/id/bios_vendor": "Firm\n"
}
