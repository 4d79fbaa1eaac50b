/**
 * The engine beside bare QEMU with the same command line, in one run, in turn: start to running, 20
 * at once, destroy, and reads of a running domain while 20 start. Ratios are what counts; the
 * machine may be busy. `npm run bench -- [--rounds N] [--json]`.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as DomainActor from "../../actors/domain/domain.ts"
import * as Calls from "../../actors/driver/calls.ts"
import { type Driver, makeDriver } from "../../actors/driver/driver.ts"
import { layer as ids } from "../../src/base/ids.live.ts"
import { guestDomainXml, guestImage } from "../../src/cli/demo/guest.ts"
import { layer as files } from "../../src/host/files.live.ts"
import { layer as processes } from "../../src/host/process.live.ts"
import { layer as sockets } from "../../src/host/socket.live.ts"
import { nodeDispatcher } from "../../src/kernel/dispatcher.live.ts"
import { makeCall } from "../../src/kernel/call.ts"
import { domainText } from "../../src/store/domain-text.ts"
import { parseDomain } from "../../src/xml/domain.ts"
import { parseIdentity } from "../../src/xml/identity.ts"
import { startBare, withOwnFiles } from "./bare.ts"

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    /** Starts that work at once; the engine's own default. */
    width: { type: "string", default: String(2 * availableParallelism()) },
    json: { type: "boolean", default: false }
  }
})
const rounds = Number(options.rounds)
const storm = 20

const median = (numbers: readonly number[]): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
const percentile = (numbers: readonly number[], share: number): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
/** What this thread has computed so far. */
const cpuMs = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
const say = (text: string) => void process.stderr.write(`${text}\n`)

const directory = mkdtempSync(join(tmpdir(), "tb-"))
const host = Layer.mergeAll(files, processes, sockets, ids)
const run = <A, E>(work: Effect.Effect<A, E, never>) => Effect.runPromise(work)

const openEngine = async (): Promise<Driver> => {
  const driver = await run(
    makeDriver({
      root: join(directory, "root"),
      owner: "benchmark",
      readIdentity: parseIdentity,
      dispatcher: nodeDispatcher(),
      emulatorFor: () => "/usr/bin/qemu-system-x86_64",
      isAutostarting: true,
      startConcurrency: Number(options.width)
    }).pipe(Effect.provide(host))
  )
  await run(driver.open as Effect.Effect<void>)
  return driver
}

const define = (driver: Driver, index: number) => {
  const diskPath = join(directory, `${index}.img`)
  writeFileSync(diskPath, guestImage())
  const xml = guestDomainXml({
    name: `g${index}`,
    diskPath,
    serial: { kind: "pty" }
  })
  const uuid = `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`
  const { domain } = Result.getOrThrow(parseDomain(xml, { uuid }))
  return run(
    driver.call(makeCall("define"), (parts) =>
      Calls.define(parts, domain).pipe(Effect.provideContext(parts.needs))
    )
  )
}
type Ref = Awaited<ReturnType<typeof define>>

const start = (driver: Driver, ref: Ref) =>
  run(driver.call(makeCall("start"), (parts) => Calls.start(parts, ref)))

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}

/** Our guest's own words, without its monitor. */
const commandLineOf = (pid: number): readonly string[] => {
  const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1)
  const at = words.findIndex((word) => word.startsWith("socket,id=troupe."))
  return [...words.slice(0, at - 1), ...words.slice(at + 3)]
}

const bareStorm = (argv: readonly string[]): Promise<{ wallMs: number; each: number[] }> =>
  new Promise((resolve, reject) => {
    const program = join(import.meta.dirname, "bare.ts")
    const child = spawn(process.execPath, [program, directory, String(storm)], {
      stdio: ["pipe", "pipe", "inherit"]
    })
    let text = ""
    child.stdout.on("data", (chunk) => (text += chunk))
    child.on("exit", (code) => (code === 0 ? resolve(JSON.parse(text)) : reject(new Error(text))))
    child.stdin.end(JSON.stringify(argv))
  })

/** Reads of a running domain, 500 a second, each measured from when it was due. */
const readWhile = async (ref: Ref, work: () => Promise<unknown>) => {
  const latencies: number[] = []
  const begun = performance.now()
  let due = begun
  let isOver = false
  let blockedMs = 0
  let last = begun
  let lastCpuMs = cpuMs()
  const read = () => {
    const { context, state } = DomainActor.view(ref)
    if (state !== "running" || context.live === undefined) throw new Error(`it is ${state}`)
    domainText(context.live, "active")
    latencies.push(performance.now() - due)
    due += 2
  }
  const turn = () => {
    if (isOver) return
    const now = performance.now()
    const nowCpuMs = cpuMs()
    // Of a gap between two turns ours is what this thread computed; the rest the others did.
    if (now - last > 5) blockedMs = Math.max(blockedMs, nowCpuMs - lastCpuMs)
    lastCpuMs = nowCpuMs
    while (due <= now) read()
    last = performance.now()
    setImmediate(turn)
  }
  setImmediate(turn)
  const wall = await timed(work)
  isOver = true
  return { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), blockedMs, wall }
}

interface Rounds {
  readonly sequential: Record<"ours" | "bare" | "destroy" | "term", readonly number[]>
  readonly storms: Record<"ours" | "bare", readonly number[]>
  readonly reads: Record<"ours" | "bare" | "idle", readonly number[]>
  readonly blocked: Record<"ours" | "bare" | "idle", readonly number[]>
}

/** What the rounds came to, by row. */
const tell = ({ sequential, storms, reads, blocked }: Rounds): void => {
  const rows = {
    "start to running, ms": median(sequential.ours),
    "bare start to running, ms": median(sequential.bare),
    "start, ratio to bare": median(sequential.ours.map((ms, i) => ms / (sequential.bare[i] ?? 1))),
    "destroy, ms": median(sequential.destroy),
    "bare SIGTERM to exit, ms": median(sequential.term),
    "20 at once, ms": median(storms.ours),
    "bare 20 at once, ms": median(storms.bare),
    "20 at once, ratio to bare": median(storms.ours.map((ms, i) => ms / (storms.bare[i] ?? 1))),
    "read p99 while 20 start, ms": median(reads.ours),
    "read p99 while 20 bare start, ms": median(reads.bare),
    "read p99 idle, ms": median(reads.idle),
    "longest turn of the loop while 20 start, CPU ms": median(blocked.ours),
    "longest turn while 20 bare start, CPU ms": median(blocked.bare),
    "longest turn idle, CPU ms": median(blocked.idle)
  }
  const shown = Object.entries(rows).map(
    ([what, value]) => `${what.padEnd(46)} ${value.toFixed(2)}`
  )
  process.stdout.write(options.json ? `${JSON.stringify(rows)}\n` : `${shown.join("\n")}\n`)
}

const main = async () => {
  const driver = await openEngine()
  const refs: Ref[] = []
  for (let index = 0; index <= storm; index++) refs.push(await define(driver, index))
  const [watched, ...others] = refs
  if (watched === undefined) throw new Error("no guest")
  await start(driver, watched)
  const argv = commandLineOf(DomainActor.view(watched).context.process?.pid ?? -1)

  const ownArgv = withOwnFiles(argv, join(directory, "0"), join(directory, "bare"))
  const sequential = {
    ours: [] as number[],
    bare: [] as number[],
    destroy: [] as number[],
    term: [] as number[]
  }
  const first = others[0]
  if (first === undefined) throw new Error("no guest")
  for (let round = 0; round < rounds * 4; round++) {
    sequential.ours.push(await timed(() => start(driver, first)))
    sequential.destroy.push(await timed(() => run(DomainActor.destroy(first))))
    const bare = await startBare(ownArgv, join(directory, "bare"))
    sequential.bare.push(bare.startMs)
    sequential.term.push(await bare.stop())
  }
  const storms = { ours: [] as number[], bare: [] as number[] }
  const reads = { ours: [] as number[], bare: [] as number[], idle: [] as number[] }
  const blocked = { ours: [] as number[], bare: [] as number[], idle: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    const idle = await readWhile(watched, () => new Promise((done) => setTimeout(done, 500)))
    const ours = await readWhile(watched, () =>
      Promise.all(others.map((ref) => start(driver, ref)))
    )
    await Promise.all(others.map((ref) => run(DomainActor.destroy(ref))))
    let wallMs = 0
    const bare = await readWhile(watched, async () => {
      ;({ wallMs } = await bareStorm(argv))
    })
    storms.ours.push(ours.wall)
    storms.bare.push(wallMs)
    reads.ours.push(ours.p99)
    reads.bare.push(bare.p99)
    reads.idle.push(idle.p99)
    blocked.ours.push(ours.blockedMs)
    blocked.bare.push(bare.blockedMs)
    blocked.idle.push(idle.blockedMs)
    const walls = `${ours.wall.toFixed(0)} ms, bare ${wallMs.toFixed(0)} ms`
    say(`round ${round + 1} of ${rounds}: 20 at once ${walls}`)
  }
  await run(driver.close({ stopsGuests: true }) as Effect.Effect<void>)
  rmSync(directory, { recursive: true })
  tell({ sequential, storms, reads, blocked })
}

await main()
