/**
 * Ours and libvirtd side by side, in one run, in turn: what clients of libvirt's RPC wait for, and
 * what it costs the daemon. Ratios are what counts, above 1 where ours is better; the machine may
 * be busy. Needs the shared bench, libvirtd, gcc and libvirt-dev, and says so where one is missing.
 * `npm run bench:rpc -- [--rounds N] [--only bench,define,list,start,idle] [--clients N]
 * [--directory DIR]`.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import {
  argvFolder,
  buildBundle,
  buildTools,
  type Daemon,
  libvirtd,
  missing,
  troupe,
  widen
} from "./rpc-daemons.ts"
import {
  coldStart,
  defines,
  type Figures,
  fill,
  idleClients,
  lists,
  median
} from "./rpc-measures.ts"

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    only: { type: "string", default: "bench,define,list,start,idle" },
    /** Clients that are connected and say nothing. */
    clients: { type: "string", default: "5000" },
    /** Where both keep their files: on a disk, a definition that is kept costs a sync. */
    directory: { type: "string", default: tmpdir() }
  }
})
const rounds = Number(options.rounds)
const clients = Number(options.clients)
const isWanted = (section: string): boolean => options.only.split(",").includes(section)
const say = (text: string) => void process.stderr.write(`${text}\n`)

interface Row {
  readonly section: string
  readonly what: string
  readonly figure: string
  readonly unit: string
  /** How many times as good as libvirtd ours is to be; none where nothing was promised. */
  readonly goal?: number
  readonly isMoreBetter?: boolean
}

const [more, us, ms] = [{ isMoreBetter: true, unit: "/s" }, { unit: "us" }, { unit: "ms" }]
const raw = { section: "bench", ...us }
const cold = "api.define+undefine.D10"

const rows: readonly Row[] = [
  { ...raw, ...more, what: "one socket, depth 1", figure: "raw.libVersion.depth1.rate", goal: 1 },
  { ...raw, ...more, what: "depth 64", figure: "raw.libVersion.depth64.rate", goal: 3 },
  { ...raw, what: "CPU, version", figure: "raw.libVersion.depth1.daemon_cpu_per_call", goal: 3 },
  { ...raw, what: "CPU, state", figure: "raw.getState.depth1.daemon_cpu_per_call", goal: 3 },
  { ...raw, what: "CPU, depth 64", figure: "raw.libVersion.depth64.daemon_cpu_per_call", goal: 3 },
  { ...raw, ...more, what: "info, depth 1", figure: "raw.getInfo.depth1.rate" },
  { ...raw, ...more, what: "info, depth 64", figure: "raw.getInfo.depth64.rate" },
  { ...raw, what: "connect and open", figure: "raw.connect+auth+open.p50", goal: 1 },
  { ...raw, what: "virConnectOpen", figure: "api.virConnectOpen.p50", goal: 1 },
  { ...raw, what: "suspend to event", figure: "event.suspend.call_to_event.p50", goal: 1 },
  { ...raw, what: "suspend to return", figure: "event.suspend.call_to_return.p50" },
  { ...raw, what: "resume to event", figure: "event.resume.call_to_event.p50" },
  { ...raw, ...ms, what: "kill to event", figure: "event.kill9_to_event.p50" },
  { ...raw, ...more, what: "define, 1 client", figure: `${cold}.C1.rate`, goal: 1 },
  { ...raw, ...more, what: "define, 32 clients", figure: `${cold}.C32.rate`, goal: 2 },
  { ...raw, what: "CPU, define", figure: `${cold}.C1.daemon_cpu_per_call` },
  { section: "define", ...more, what: "warm, 1 client", figure: "warmOneRate", goal: 1 },
  { section: "define", ...more, what: "warm, 32 clients", figure: "warmManyRate", goal: 2 },
  { section: "define", ...ms, what: "CPU, define, warm", figure: "warmCpuMs" },
  { section: "list", ...ms, what: "list of 1,000", figure: "listMs", goal: 5 },
  { section: "list", ...ms, what: "CPU, list of 1,000", figure: "listCpuMs" },
  { section: "start", ...ms, what: "cold start, none", figure: "emptyMs", goal: 1 / 1.5 },
  { section: "start", ...ms, what: "its CPU", figure: "emptyMsCpuMs" },
  { section: "start", ...ms, what: "cold start, 10,000", figure: "manyMs", goal: 4 },
  { section: "start", ...ms, what: "its CPU", figure: "manyMsCpuMs" },
  { section: "idle", unit: "KiB", what: "idle memory", figure: "idleRssKib" },
  { section: "idle", unit: "KiB", what: "memory of a client", figure: "clientKib" },
  { section: "idle", ...ms, what: "each one's connect", figure: "clientConnectMs" },
  { section: "idle", ...ms, what: "a call without them", figure: "aloneP50Ms" },
  { section: "idle", ...ms, what: "a call among them", figure: "crowdedP50Ms" },
  { section: "idle", ...ms, what: "the slowest of 100", figure: "crowdedP99Ms" },
  { section: "idle", unit: "%", what: "CPU with them", figure: "crowdedCpuPercent" }
]

const reason = missing()
if (reason !== undefined) {
  say(`nothing is measured: ${reason}`)
  process.exit(1)
}

const directory = mkdtempSync(join(options.directory, "tr-"))
const place = (name: string): string => join(directory, name)
mkdirSync(place("tools"))
say("building the tools and the bundle")
buildTools(place("tools"))
const bundle = buildBundle(place("bundle"))
const daemons: readonly [Daemon, Daemon] = [
  libvirtd(place("tools"), place("l")),
  troupe(place("tools"), bundle, place("t"))
]

/** Each round's figures of libvirtd and of ours. */
const found: readonly [Figures[], Figures[]] = [[], []]

/** One round of a measurement with both, the order alternating. */
const both = async (round: number, measure: (daemon: Daemon) => Promise<Figures>) => {
  for (const turn of [0, 1]) {
    const side = ((round + turn) % 2) as 0 | 1
    found[side].push(await measure(daemons[side]))
  }
}

const restarted = async (definitions: number): Promise<void> => {
  for (const daemon of daemons) {
    await daemon.stop()
    fill(daemon, definitions)
    await daemon.start()
  }
}

const sharedBench = (sections: string, ...words: readonly string[]): void => {
  const out = place("ab")
  const [anchor, own] = daemons
  const fixed = ["--argv-dir", argvFolder, "--work", place("work"), "--guest-dir", place("none")]
  const ab = ["ab", anchor.uri, own.uri, "--rounds", String(rounds), "--only", sections]
  execFileSync(place("tools/bench"), [...ab, "--out", out, ...fixed, ...words], {
    stdio: ["ignore", "ignore", "inherit"]
  })
  for (const [side, letter] of ["A", "B"].entries()) {
    const text = readFileSync(`${out}.${letter}.json`, "utf8")
    const { metrics } = JSON.parse(text) as { metrics: { [name: string]: [number, string] } }
    const figures = Object.entries(metrics).map(([name, [value]]) => [name, value] as const)
    found[side as 0 | 1].push(Object.fromEntries(figures))
  }
}

const measureAll = async (): Promise<void> => {
  for (const daemon of daemons) await daemon.start()
  await daemons[0].stop()
  widen(place("l"))
  await daemons[0].start()
  mkdirSync(place("work"))
  if (isWanted("bench")) {
    sharedBench("raw,event")
    sharedBench("api", "--quick")
  }
  if (isWanted("define")) for (let round = 0; round < rounds; round++) await both(round, defines)
  if (isWanted("list")) {
    await restarted(1_000)
    for (let round = 0; round < rounds; round++) await both(round, (one) => lists(one, 1_000))
  }
  if (isWanted("start"))
    for (const [figure, count] of [
      ["emptyMs", 0],
      ["manyMs", 10_000]
    ] as const) {
      say(`starts over ${count} definitions`)
      await restarted(count)
      for (let round = 0; round < rounds; round++)
        await both(round, (one) => coldStart(one, figure))
    }
  if (isWanted("idle")) {
    say(`${clients} clients`)
    await restarted(0)
    await both(0, (daemon) => idleClients(daemon, clients))
  }
}

const number = (value: number): string =>
  value.toLocaleString("en", { maximumSignificantDigits: 3 })

const lineOf = ({ what, figure, unit, goal, isMoreBetter = false }: Row): string => {
  const [anchor = Number.NaN, own = Number.NaN] = found.map((figures) =>
    median(figures.flatMap((each) => each[figure] ?? []))
  )
  const ratio = isMoreBetter ? own / anchor : anchor / own
  const verdict = goal === undefined ? "" : ratio >= goal ? "met" : "missed"
  const wanted = goal === undefined ? "" : `${goal.toFixed(2)}x`
  const figures = [number(anchor), number(own), unit.padEnd(4), `${ratio.toFixed(2)}x`]
  return [
    what.padEnd(20),
    ...figures.map((text) => text.padStart(10)),
    wanted.padStart(7),
    verdict
  ].join(" ")
}

try {
  await measureAll()
  const head = [
    "what".padEnd(20),
    ...["libvirtd", "troupe", "unit", "ratio"].map((w) => w.padStart(10))
  ]
  process.stdout.write(`${[...head, "goal".padStart(7)].join(" ")}\n`)
  for (const row of rows.filter(({ section }) => isWanted(section)))
    process.stdout.write(`${lineOf(row)}\n`)
} finally {
  for (const daemon of daemons) await daemon.stop()
  rmSync(directory, { recursive: true, force: true })
}
