/**
 * What the shared bench does not measure of a daemon that speaks libvirt's RPC: a list of many
 * domains, starts over many definitions, thousands of clients that do nothing.
 */
import { randomUUID } from "node:crypto"
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { cpuMs, type Daemon, residentKib, startCpuMs } from "./rpc-daemons.ts"
import { callBytes, WireClient } from "./rpc-wire.ts"

/** Figures of one daemon, by their names. Times are in ms, memory in KiB. */
export type Figures = { readonly [name: string]: number }

const percentile = (numbers: readonly number[], share: number): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
export const median = (numbers: readonly number[]): number => percentile(numbers, 0.5)

/** A small machine, as libvirt writes one. */
const definition = (name: string, uuid: string = randomUUID()): string => `<domain type='qemu'>
  <name>${name}</name>
  <uuid>${uuid}</uuid>
  <memory unit='KiB'>32768</memory>
  <currentMemory unit='KiB'>32768</currentMemory>
  <vcpu placement='static'>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
  </features>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <controller type='usb' index='0' model='none'/>
    <controller type='pci' index='0' model='pci-root'/>
    <memballoon model='none'/>
  </devices>
</domain>
`

/** Makes the folder hold so many definitions and no other; the daemon is down meanwhile. */
export const fill = ({ definitions }: Daemon, count: number): void => {
  mkdirSync(definitions, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(definitions))
    if (name.endsWith(".xml")) rmSync(join(definitions, name))
  for (let index = 0; index < count; index++)
    writeFileSync(join(definitions, `many-${index}.xml`), definition(`many-${index}`))
}

const listAll = callBytes("CONNECT_LIST_ALL_DOMAINS", { need_results: 1, flags: 0 })
const libVersion = callBytes("CONNECT_GET_LIB_VERSION", undefined)
const countAt = 28

/** Calls in a row on one connection: the wall time of each, and the daemon's processor time. */
const timed = async (daemon: Daemon, bytes: Uint8Array, count: number) => {
  const client = await WireClient.open(daemon.socket)
  const times: number[] = []
  const before = cpuMs(daemon.pid())
  let last = Buffer.alloc(0)
  for (let index = 0; index < count; index++) {
    const begun = performance.now()
    last = Buffer.from(await client.call(bytes))
    times.push(performance.now() - begun)
  }
  const cpu = (cpuMs(daemon.pid()) - before) / count
  client.close()
  return { times, cpu, last }
}

/** Every domain's name, uuid and number in one answer, of a daemon that has so many. */
export const lists = async (daemon: Daemon, domains: number): Promise<Figures> => {
  await timed(daemon, listAll, 20)
  const { times, cpu, last } = await timed(daemon, listAll, 200)
  const listed = last.readUInt32BE(countAt)
  if (listed !== domains) throw new Error(`${daemon.name} lists ${listed} of ${domains} domains`)
  return { listMs: median(times), listCpuMs: cpu }
}

/** Pairs of define and undefine that so many clients get done in `ms`, each its own domain. */
const pairs = async (daemon: Daemon, clients: number, ms: number) => {
  const open = await Promise.all(
    Array.from({ length: clients }, () => WireClient.open(daemon.socket))
  )
  let done = 0
  const [begun, before] = [performance.now(), cpuMs(daemon.pid())]
  const work = async (client: WireClient, name: string) => {
    const uuid = randomUUID()
    const id = Buffer.from(uuid.replaceAll("-", ""), "hex")
    const define = callBytes("DOMAIN_DEFINE_XML", { xml: definition(name, uuid) })
    const undefine = callBytes("DOMAIN_UNDEFINE", { dom: { name, uuid: id, id: -1 } })
    for (; performance.now() - begun < ms; done++) {
      await client.call(define)
      await client.call(undefine)
    }
    client.close()
  }
  await Promise.all(open.map((client, index) => work(client, `pair-${index}`)))
  const rate = (done * 1_000) / (performance.now() - begun)
  return { rate, cpu: (cpuMs(daemon.pid()) - before) / done }
}

/** Definitions that come and go, once what is compiled at run time has been compiled. */
export const defines = async (daemon: Daemon): Promise<Figures> => {
  await pairs(daemon, 32, 3_000)
  const [one, many] = [await pairs(daemon, 1, 2_000), await pairs(daemon, 32, 3_000)]
  return { warmOneRate: one.rate, warmManyRate: many.rate, warmCpuMs: many.cpu }
}

/** From the spawn to the first answer, over so many definitions; gives the figure as `name`. */
export const coldStart = async (daemon: Daemon, name: string): Promise<Figures> => {
  await daemon.stop()
  const took = await daemon.start()
  return { [name]: took, [`${name}CpuMs`]: startCpuMs(daemon.pid()) }
}

/** So many clients that are connected and say nothing, and one that calls meanwhile. */
export const idleClients = async (daemon: Daemon, count: number): Promise<Figures> => {
  await timed(daemon, libVersion, 200)
  const alone = await timed(daemon, libVersion, 1000)
  const before = residentKib(daemon.pid())
  const clients: WireClient[] = []
  const begun = performance.now()
  for (let index = 0; index < count; index++) clients.push(await WireClient.open(daemon.socket))
  const connecting = performance.now() - begun
  await sleep(2_000)
  const held = (residentKib(daemon.pid()) - before) / count
  const crowded = await timed(daemon, libVersion, 1000)
  const cpuBefore = cpuMs(daemon.pid())
  await sleep(5_000)
  const cpuPercent = (cpuMs(daemon.pid()) - cpuBefore) / 50
  for (const client of clients) client.close()
  await sleep(1_000)
  return {
    idleRssKib: before,
    clientKib: held,
    clientConnectMs: connecting / count,
    aloneP50Ms: median(alone.times),
    crowdedP50Ms: median(crowded.times),
    crowdedP99Ms: percentile(crowded.times, 0.99),
    crowdedCpuPercent: cpuPercent
  }
}
