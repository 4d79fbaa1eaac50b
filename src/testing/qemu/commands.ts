/**
 * Every QMP command that a simulated QEMU knows: its arguments as the schema has them, and who
 * answers it. What the engine never sends is not there and refused as unknown. Pure.
 */
import { isObject, type Json, type JsonObject } from "../../qmp/json.ts"
import { type Answers, expansionOf, propertiesOf } from "./answers.ts"
import type { CommandLine } from "./command-line.ts"
import {
  type Carried,
  command as carryOut,
  type Machine,
  type MachineCommand,
  refusal,
  type Reply
} from "./model.ts"
import { type Device, peripherals, plug, type Plugging, unplug } from "./plugging.ts"

/** What a command may look at besides the machine. */
export interface Surroundings {
  readonly line: CommandLine
  readonly answers: Answers
  readonly pid: number
  /** What the host's kernel says to a device that is added. */
  readonly open: Plugging["open"]
  /** As `query-chardev` tells of it. */
  readonly chardevs: readonly {
    readonly label: string
    readonly filename: string
    readonly isOpen: boolean
  }[]
}

type Kind = "string" | "boolean" | "object" | "list" | readonly string[]

interface Argument {
  readonly kind: Kind
  readonly isOptional?: true
}

interface Spec {
  /** In the order of the schema, in which QEMU looks at them. */
  readonly arguments: { readonly [name: string]: Argument }
  readonly perform:
    | MachineCommand
    | ((words: JsonObject, surroundings: Surroundings) => Reply)
    /** Of the devices: which there are afterwards. */
    | { readonly of: "devices"; readonly perform: DeviceCommand }
  /** Takes words that no schema names. */
  readonly isOpen?: boolean
}

type DeviceCommand = (
  words: JsonObject,
  machine: Machine,
  surroundings: Surroundings
) => Reply | { readonly devices: readonly Device[] }

const text: Argument = { kind: "string" }
const choice = (...kind: readonly string[]): Argument => ({ kind })
const maybe = (argument: Argument): Argument => ({ ...argument, isOptional: true })

const give = (value: Json): Reply => ({ return: value })
const done = give({})

const machineCommand = (perform: MachineCommand, words: Spec["arguments"] = {}): Spec => ({
  arguments: words,
  perform
})

const asked = (read: (surroundings: Surroundings) => Json): Spec => ({
  arguments: {},
  perform: (_words, surroundings) => give(read(surroundings))
})

const displayProtocol = choice("vnc", "spice")

/** Whether the display is there is asked before anything of its password is looked at. */
const withDisplay =
  (failed: string) =>
  (words: JsonObject, { line }: Surroundings): Reply => {
    if (words["protocol"] === "spice")
      return line.hasSpice ? done : refusal("SPICE is not in use", "DeviceNotActive")
    const { connected } = words
    if (connected !== undefined && connected !== "keep")
      return refusal("Invalid parameter 'connected'")
    return line.hasVnc ? done : refusal(failed)
  }

const driversOf = ({ types }: Answers): ReadonlySet<unknown> =>
  new Set(Array.isArray(types) ? types.map((row) => (isObject(row) ? row["name"] : undefined)) : [])

const addDevice: DeviceCommand = (words, { devices }, { line, answers, open }) => {
  const drivers = driversOf(answers)
  const { rootBus: root } = line
  const made = plug(devices, words, { root, hasDriver: (name) => drivers.has(name), open })
  return typeof made === "string" ? refusal(made) : { devices: [...devices, made] }
}

const deleteDevice: DeviceCommand = ({ id }, { devices, status, guest, hasRun }) => {
  const isUp = status === "running" && guest === "up"
  const left = unplug(devices, String(id), { hasRun, isUp })
  if (!left.isFound) return refusal(`Device '${String(id)}' not found`, "DeviceNotFound")
  return "why" in left ? refusal(left.why) : { devices: left.devices }
}

const table: { readonly [name: string]: Spec } = {
  cont: machineCommand("cont"),
  stop: machineCommand("stop"),
  system_reset: machineCommand("system_reset"),
  system_powerdown: machineCommand("system_powerdown"),
  system_wakeup: machineCommand("system_wakeup"),
  "query-status": machineCommand("query-status"),
  quit: machineCommand("quit"),
  "set-action": machineCommand("set-action", {
    reboot: maybe(choice("reset", "shutdown")),
    shutdown: maybe(choice("poweroff", "pause")),
    panic: maybe(choice("pause", "shutdown", "exit-failure", "none")),
    watchdog: maybe(choice("reset", "shutdown", "poweroff", "pause", "debug", "none", "inject-nmi"))
  }),
  device_add: {
    arguments: {},
    isOpen: true,
    perform: { of: "devices", perform: addDevice }
  },
  device_del: {
    arguments: { id: text },
    perform: { of: "devices", perform: deleteDevice }
  },
  "qom-list": {
    arguments: { path: text },
    perform: {
      of: "devices",
      perform: ({ path }, { devices }) =>
        path === "/machine/peripheral"
          ? give(peripherals(devices))
          : refusal(`Device '${String(path)}' not found`, "DeviceNotFound")
    }
  },
  set_link: {
    arguments: { name: text, up: { kind: "boolean" } },
    perform: ({ name }, { line }) =>
      line.links.some((link) => link === name)
        ? done
        : refusal(`Device '${String(name)}' not found`, "DeviceNotFound")
  },
  set_password: {
    arguments: {
      protocol: displayProtocol,
      password: text,
      connected: maybe(choice("keep", "fail", "disconnect"))
    },
    perform: withDisplay("Could not set password")
  },
  expire_password: {
    arguments: { protocol: displayProtocol, time: text },
    perform: withDisplay("Could not set password expire time")
  },
  "query-chardev": asked(({ chardevs }) =>
    chardevs.map(({ label, filename, isOpen }) => ({ "frontend-open": isOpen, filename, label }))
  ),
  "query-cpus-fast": asked(({ line, pid }) =>
    Array.from({ length: line.hasBoard ? line.cpuCount : 0 }, (_, index) => ({
      "thread-id": pid + 1 + index,
      props: { "core-id": 0, "thread-id": 0, "socket-id": index },
      "qom-path": `/machine/unattached/device[${index}]`,
      "cpu-index": index,
      target: "x86_64"
    }))
  ),
  "query-kvm": asked(() => ({ enabled: false, present: true })),
  "query-version": asked(({ answers }) => answers.version),
  "query-target": asked(({ answers }) => answers.target),
  "query-qmp-schema": asked(({ answers }) => answers.schema),
  "query-commands": asked(({ answers }) => answers.commands),
  "query-machines": asked(({ answers }) => answers.machines),
  "query-command-line-options": {
    arguments: { option: maybe(text) },
    perform: (_words, { answers }) => give(answers.options)
  },
  "qom-list-types": {
    arguments: { implements: maybe(text), abstract: maybe({ kind: "boolean" }) },
    perform: (_words, { answers }) => give(answers.types)
  },
  "device-list-properties": {
    arguments: { typename: text },
    perform: ({ typename }, { answers }) =>
      propertiesOf(answers, String(typename)) ??
      refusal(`Device '${String(typename)}' not found`, "DeviceNotFound")
  },
  "qom-list-properties": {
    arguments: { typename: text },
    perform: ({ typename }, { answers }) =>
      propertiesOf(answers, String(typename)) ??
      refusal(`Class '${String(typename)}' not found`, "DeviceNotFound")
  },
  "query-cpu-definitions": asked(({ answers }) => answers.cpus),
  "query-cpu-model-expansion": {
    arguments: { type: choice("static", "full"), model: { kind: "object" } },
    perform: ({ model }, { answers }) => {
      const { name = "", props } = isObject(model) ? model : {}
      return (
        expansionOf(answers, String(name), isObject(props) ? props : {}) ??
        refusal(`CPU model '${String(name)}' not found`)
      )
    }
  }
}

const isOfKind = (value: Json, kind: Kind): boolean => {
  if (kind === "object") return isObject(value)
  if (kind === "list") return Array.isArray(value)
  return typeof value === (typeof kind === "string" ? kind : "string")
}

/** What QEMU objects to, in the order in which its visitor looks (qapi/qobject-input-visitor.c). */
const objection = (
  words: JsonObject,
  { arguments: expected, isOpen = false }: Pick<Spec, "arguments" | "isOpen">
): string | undefined => {
  for (const [name, { kind, isOptional }] of Object.entries(expected)) {
    const value = words[name]
    if (value === undefined) {
      if (isOptional === true) continue
      return `Parameter '${name}' is missing`
    }
    if (!isOfKind(value, kind)) {
      const wanted = typeof kind === "string" ? kind : "string"
      return `Invalid parameter type for '${name}', expected: ${wanted}`
    }
    if (typeof kind !== "string" && typeof value === "string" && !kind.includes(value))
      return `Parameter '${name}' does not accept value '${value}'`
  }
  const unknown = Object.keys(words).find((name) => !isOpen && !Object.hasOwn(expected, name))
  return unknown === undefined ? undefined : `Parameter '${unknown}' is unexpected`
}

const untouched = (next: Machine, reply: Reply): Carried => ({ next, events: [], reply })

/** Carries out any command, or refuses it in QEMU's words. Negotiation is not its affair. */
export const perform = (
  machine: Machine,
  { execute, words }: { readonly execute: string; readonly words: JsonObject },
  surroundings: Surroundings
): Carried => {
  const spec = Object.hasOwn(table, execute) ? table[execute] : undefined
  if (spec === undefined)
    return untouched(
      machine,
      refusal(`The command ${execute} has not been found`, "CommandNotFound")
    )
  const why = objection(words, spec)
  if (why !== undefined) return untouched(machine, refusal(why))
  if (typeof spec.perform === "string") return carryOut(machine, spec.perform, words)
  if (typeof spec.perform === "function")
    return untouched(machine, spec.perform(words, surroundings))
  const outcome = spec.perform.perform(words, machine, surroundings)
  return "devices" in outcome
    ? untouched({ ...machine, devices: outcome.devices }, done)
    : untouched(machine, outcome)
}

/** The commands that are known here. */
export const commandNames: readonly string[] = ["qmp_capabilities", ...Object.keys(table)]
