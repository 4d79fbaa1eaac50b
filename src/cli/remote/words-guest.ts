/** Words that ask or tell a running guest something. */
import * as Effect from "effect/Effect"
import { BadInput } from "../failure.ts"
import { given } from "../flags.ts"
import { statsGroup } from "../../qemu/stats.ts"
import { affectFlags, bits } from "./flags.ts"
import { findDomain } from "./reference.ts"
import { fieldsOf, named, sizeKib } from "./values.ts"
import { done, whole } from "./answer.ts"
import { arg, flag, impact, word } from "./word.ts"

const groups = Object.keys(statsGroup)
const isGroup = (name: string): name is keyof typeof statsGroup => groups.includes(name)

const domstats = word({
  word: "domstats",
  about: "Tell the figures of domains; by default all figures of all domains",
  args: { domains: arg.many("DOMAIN", "these only") },
  flags: { groups: flag.text("groups", "A,B", `only these: ${groups.join(", ")}`) },
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const doms = yield* Effect.forEach(own.domains, (key) => findDomain(remote, key))
      const names = given(own.groups)?.split(",") ?? []
      const unknown = names.find((name) => !isGroup(name))
      if (unknown !== undefined)
        return yield* new BadInput({ message: `there is no group of figures '${unknown}'` })
      const stats = names.filter(isGroup).reduce((sum, name) => sum | statsGroup[name], 0)
      const { retStats } = yield* remote.call("remote", "CONNECT_GET_ALL_DOMAIN_STATS", {
        doms,
        stats,
        flags: 0
      })
      const value = retStats.map(({ dom, params }) => ({ name: dom.name, ...fieldsOf(params) }))
      const lines = retStats.map(({ dom, params }) => {
        const figures = params.map(({ field, value: of }) => `  ${field}=${String(of.value)}\n`)
        return `${dom.name}\n${figures.join("")}`
      })
      return { value, text: lines.join("\n") }
    })
})

const domblkstat = word({
  word: "domblkstat",
  about: "Tell what a guest has read from and written to a disk",
  args: { domain: arg.domain, device: arg.optional("DEVICE", "a target as vda; else all disks") },
  flags: {},
  call: ({ domain, device }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const asked = { dom, path: given(device) ?? "", flags: 0 }
      // The first call tells how many figures there are.
      const { nparams } = yield* remote.call("remote", "DOMAIN_BLOCK_STATS_FLAGS", {
        ...asked,
        nparams: 0
      })
      const found = yield* remote.call("remote", "DOMAIN_BLOCK_STATS_FLAGS", { ...asked, nparams })
      return { value: fieldsOf(found.params) }
    })
})

const domifstat = word({
  word: "domifstat",
  about: "Tell what has gone through a network card of a guest",
  args: { domain: arg.domain, device: arg.text("INTERFACE", "its target, or its MAC address") },
  flags: {},
  call: ({ domain, device }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      return { value: yield* remote.call("remote", "DOMAIN_INTERFACE_STATS", { dom, device }) }
    })
})

/** virDomainMemoryStatTags; the figures are in KiB, but for faults and the time. */
const memoryTags = [
  "swap_in",
  "swap_out",
  "major_fault",
  "minor_fault",
  "unused",
  "available",
  "actual",
  "rss",
  "usable",
  "last_update",
  "disk_caches",
  "hugetlb_pgalloc",
  "hugetlb_pgfail"
]

const dommemstat = word({
  word: "dommemstat",
  about: "Tell what a guest does with its memory, in KiB",
  args: { domain: arg.domain },
  flags: {},
  call: ({ domain }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const asked = { dom, maxStats: memoryTags.length, flags: 0 }
      const { stats } = yield* remote.call("remote", "DOMAIN_MEMORY_STATS", asked)
      return {
        value: Object.fromEntries(stats.map(({ tag, val }) => [named(memoryTags, tag), val]))
      }
    })
})

/** virVcpuState. */
const vcpuStates = ["offline", "running", "blocked"]

const vcpuinfo = word({
  word: "vcpuinfo",
  about: "Tell what the processors of a guest do",
  args: { domain: arg.domain },
  flags: {},
  columns: ["vcpu", "state", "cpu", "seconds"],
  call: ({ domain }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const { nrVirtCpu } = yield* remote.call("remote", "DOMAIN_GET_INFO", { dom })
      const { info } = yield* remote.call("remote", "DOMAIN_GET_VCPUS", {
        dom,
        maxinfo: nrVirtCpu,
        maplen: 0
      })
      return {
        value: info.map(({ number, state, cpu, cpu_time }) => ({
          vcpu: number,
          state: named(vcpuStates, state),
          cpu: cpu < 0 ? undefined : cpu,
          seconds: Number(cpu_time) / 1e9
        }))
      }
    })
})

/** VIR_DOMAIN_MEM_MAXIMUM and VIR_DOMAIN_VCPU_MAXIMUM. */
const maximum = 4

const memoryWord = (row: { word: string; about: string; flags: number; said: string }) =>
  word({
    word: row.word,
    about: row.about,
    args: { domain: arg.domain, size: arg.size },
    flags: impact,
    call: ({ domain, size, ...own }, { remote }) =>
      Effect.gen(function* () {
        const memory = yield* sizeKib(size)
        const dom = yield* findDomain(remote, domain)
        const flags = bits(affectFlags, own) | row.flags
        yield* remote.call("remote", "DOMAIN_SET_MEMORY_FLAGS", { dom, memory, flags })
        return done(dom.name, `${row.said} ${memory} KiB`)
      })
  })

const setmem = memoryWord({
  word: "setmem",
  about: "Set the memory that a guest has",
  flags: 0,
  said: "is to have"
})

const setmaxmem = memoryWord({
  word: "setmaxmem",
  about: "Set the most memory that a guest can have",
  flags: maximum,
  said: "can have at most"
})

const setvcpus = word({
  word: "setvcpus",
  about: "Set how many processors a guest has",
  args: { domain: arg.domain, count: arg.number("COUNT", "how many") },
  flags: { isMaximum: flag.is("maximum", "how many it can have at most"), ...impact },
  call: ({ domain, count, isMaximum, ...own }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const flags = bits(affectFlags, own) | (isMaximum ? maximum : 0)
      yield* remote.call("remote", "DOMAIN_SET_VCPUS_FLAGS", { dom, nvcpus: count, flags })
      return done(dom.name, `${isMaximum ? "can have at most" : "has"} ${count} processors`)
    })
})

const injectNmi = word({
  word: "inject-nmi",
  about: "Interrupt a guest as the button for it does",
  args: { domain: arg.domain },
  flags: {},
  call: ({ domain }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      yield* remote.call("remote", "DOMAIN_INJECT_NMI", { dom, flags: 0 })
      return done(dom.name, "is interrupted")
    })
})

const sendKey = word({
  word: "send-key",
  about: "Press keys of a guest's keyboard, all at once",
  args: { domain: arg.domain, keys: arg.many("KEY", "names as KEY_LEFTCTRL, or numbers") },
  flags: {
    codeset: flag.text("codeset", "SET", "what numbers mean: linux, xt, usb, qnum, ..."),
    hold: flag.number("holdtime", "how long they are held, in milliseconds")
  },
  call: ({ domain, keys, codeset, hold }, { remote }) =>
    Effect.gen(function* () {
      const { codesets, keyCode } = yield* Effect.promise(() => import("./keys.ts"))
      const set = given(codeset) ?? "linux"
      const number = codesets.findIndex((name) => name === set)
      if (number < 0)
        return yield* new BadInput({
          message: `there is no set '${set}' of keys, only ${codesets.join(", ")}`
        })
      const codes = keys.map(keyCode)
      const known = codes.filter((code) => code !== undefined)
      const wrong = keys[codes.indexOf(undefined)]
      if (known.length < keys.length || known.length === 0)
        return yield* new BadInput({ message: `there is no key '${wrong ?? ""}'` })
      const dom = yield* findDomain(remote, domain)
      yield* remote.call("remote", "DOMAIN_SEND_KEY", {
        dom,
        codeset: number,
        holdtime: given(hold) ?? 0,
        keycodes: known,
        flags: 0
      })
      return done(dom.name, "has had its keys pressed")
    })
})

const screenshot = word({
  word: "screenshot",
  about: "Take a picture of what a guest shows",
  args: {
    domain: arg.domain,
    file: arg.optional("FILE", "where it goes; by default the guest's name with .ppm or .png")
  },
  flags: { screen: flag.number("screen", "which of its screens, from 0") },
  call: ({ domain, file, screen }, { remote }) =>
    Effect.flatMap(
      Effect.promise(() => import("./screenshot.ts")),
      (module) =>
        module.screenshot(remote, { key: domain, file: given(file), screen: given(screen) ?? 0 })
    )
})

/** VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP. */
const hmpFlag = 1

const pretty = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

const monitorCommand = word({
  word: "qemu-monitor-command",
  about: "Say a command to the monitor of a guest's QEMU",
  args: { domain: arg.domain, words: arg.many("COMMAND", "JSON, or a name of QMP's") },
  flags: {
    isHmp: flag.is("hmp", "in the words of the human monitor"),
    isPretty: flag.is("pretty", "the answer on several lines")
  },
  call: ({ domain, words, isHmp, isPretty }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const asked = words.join(" ")
      const isName = !isHmp && /^[a-z][a-z0-9_-]*$/.test(asked)
      const cmd = isName ? JSON.stringify({ execute: asked }) : asked
      const flags = isHmp ? hmpFlag : 0
      const { result } = yield* remote.call("qemu", "DOMAIN_MONITOR_COMMAND", { dom, cmd, flags })
      return whole("result", isPretty ? pretty(result) : result)
    })
})

/** VIR_DOMAIN_QEMU_AGENT_COMMAND_DEFAULT: as long as the daemon is set to wait. */
const agentDefault = -1

const agentCommand = word({
  word: "qemu-agent-command",
  about: "Say a command to the agent in a guest",
  args: { domain: arg.domain, words: arg.many("COMMAND", "JSON, or a name of the agent's") },
  flags: {
    timeout: flag.number("timeout", "wait at most so many seconds"),
    isPretty: flag.is("pretty", "the answer on several lines")
  },
  call: ({ domain, words, timeout, isPretty }, { remote }) =>
    Effect.gen(function* () {
      const dom = yield* findDomain(remote, domain)
      const asked = words.join(" ")
      const cmd = asked.startsWith("{") ? asked : JSON.stringify({ execute: asked })
      const { result } = yield* remote.call("qemu", "DOMAIN_AGENT_COMMAND", {
        dom,
        cmd,
        timeout: given(timeout) ?? agentDefault,
        flags: 0
      })
      const text = result ?? ""
      return whole("result", isPretty ? pretty(text) : text)
    })
})

const devicesWord = (row: {
  readonly word: string
  readonly about: string
  readonly columns: readonly string[]
  readonly which: "disk" | "interface"
}) =>
  word({
    word: row.word,
    about: row.about,
    args: { domain: arg.domain },
    flags: { isInactive: flag.is("inactive", "of the persistent definition, while it runs") },
    columns: row.columns,
    call: ({ domain, isInactive }, { remote }) =>
      Effect.flatMap(
        Effect.promise(() => import("./devices.ts")),
        (module) => module.devices(remote, { key: domain, isInactive, which: row.which })
      )
  })

const domblklist = devicesWord({
  word: "domblklist",
  about: "List the disks of a domain",
  columns: ["target", "type", "device", "source"],
  which: "disk"
})

const domiflist = devicesWord({
  word: "domiflist",
  about: "List the network cards of a domain",
  columns: ["interface", "type", "source", "model", "mac"],
  which: "interface"
})

/** virDomainConsoleFlags. */
const consoleFlags = { force: 1, safe: 2 } as const

const console = word({
  word: "console",
  about: "Connect to the console of a guest; Ctrl-] leaves",
  args: { domain: arg.domain },
  flags: {
    device: flag.text("devname", "ALIAS", "this one of its character devices"),
    force: flag.is("force", "whoever has it now is disconnected"),
    safe: flag.is("safe", "only where nobody else can have it too")
  },
  call: ({ domain, device, ...own }, { remote }) =>
    Effect.flatMap(
      Effect.promise(() => import("./console.ts")),
      (module) =>
        module.showConsole(remote, {
          key: domain,
          device: given(device),
          flags: bits(consoleFlags, own)
        })
    )
})

const event = word({
  word: "event",
  about: "Tell what happens to domains, as it happens",
  args: { domain: arg.optional("DOMAIN", "of this one only") },
  flags: {
    event: flag.text("event", "EVENT", "this one, as lifecycle"),
    isAll: flag.is("all", "every event there is"),
    isLooped: flag.is("loop", "go on until Ctrl-C"),
    withTime: flag.is("timestamp", "with the time of each"),
    timeout: flag.number("timeout", "for so many seconds")
  },
  call: ({ domain, event: which, timeout, ...own }, asking) => {
    const seconds = given(timeout)
    const timeoutMs = seconds === undefined ? undefined : seconds * 1000
    const options = { ...own, domain: given(domain), event: given(which), timeoutMs }
    return Effect.flatMap(
      Effect.promise(() => import("./event.ts")),
      (module) => module.showEvents(options, asking)
    )
  }
})

export const guestWords = [
  domstats,
  domblkstat,
  domifstat,
  dommemstat,
  domblklist,
  domiflist,
  vcpuinfo,
  setmem,
  setmaxmem,
  setvcpus,
  injectNmi,
  sendKey,
  screenshot,
  monitorCommand,
  agentCommand,
  console,
  event
] as const
