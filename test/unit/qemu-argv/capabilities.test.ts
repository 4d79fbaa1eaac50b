/**
 * Goal: what a QEMU can do is read from its own answers, and a bad answer is told by its query.
 * Method: a small complete record of answers, then the same record with one answer spoilt.
 */
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import {
  capabilitiesFromReplies,
  hasCommand,
  hasOption,
  hasProperty,
  hasType,
  machineNamed,
  type QmpAnswer
} from "../../../src/qemu/capabilities.ts"

const machine = {
  name: "pc-i440fx-7.2",
  alias: "pc",
  "is-default": true,
  "cpu-max": 255,
  "hotpluggable-cpus": true,
  deprecated: false
}

const schema = [
  { name: "blockdev-add", "meta-type": "command", "arg-type": "1" },
  {
    name: "1",
    "meta-type": "object",
    tag: "driver",
    members: [{ name: "driver", type: "2" }],
    variants: [{ case: "file", type: "3" }]
  },
  { name: "2", "meta-type": "enum", values: ["qcow2", "file"], members: [{ name: "qcow2" }] },
  { name: "3", "meta-type": "object", members: [{ name: "aio", type: "4" }] },
  { name: "4", "meta-type": "enum", values: ["threads", "io_uring"] }
]

const common: readonly QmpAnswer[] = [
  {
    execute: "query-version",
    return: { qemu: { major: 7, minor: 2, micro: 22 }, package: "Debian" }
  },
  { execute: "query-target", return: { arch: "x86_64" } },
  { execute: "query-machines", return: [machine] },
  { execute: "qom-list-types", return: [{ name: "tcg-accel" }, { name: "VGA", parent: "pci" }] },
  { execute: "query-commands", return: [{ name: "quit" }] },
  {
    execute: "query-command-line-options",
    return: [{ option: "boot-opts", parameters: [{ name: "strict" }] }]
  },
  { execute: "query-qmp-schema", return: schema },
  {
    execute: "device-list-properties",
    arguments: { typename: "VGA" },
    return: [{ name: "vgamem_mb" }]
  },
  {
    execute: "device-list-properties",
    arguments: { typename: "qxl" },
    error: { class: "DeviceNotFound", desc: "Device 'qxl' not found" }
  }
]

const tcg: readonly QmpAnswer[] = [
  {
    execute: "query-cpu-definitions",
    return: [{ name: "host", typename: "host-x86_64-cpu", "unavailable-features": ["kvm"] }]
  },
  {
    execute: "query-cpu-model-expansion",
    arguments: { type: "static", model: { name: "max" } },
    return: { model: { name: "base", props: { sse2: true, nested: {} } } }
  }
]

const read = (answers: readonly QmpAnswer[]) =>
  capabilitiesFromReplies({ binary: "/bin/qemu", kvm: "usable", common: answers, cpus: { tcg } })

describe("capabilities", () => {
  const capabilities = Result.getOrThrow(read(common))

  test("are read from the answers of a probe", () => {
    expect(capabilities.version).toEqual({ major: 7, minor: 2, micro: 22 })
    expect(hasType(capabilities, "VGA")).toBe(true)
    expect(hasCommand(capabilities, "set-action")).toBe(false)
    expect(hasOption(capabilities, "boot-opts", "strict")).toBe(true)
    expect(hasProperty(capabilities, "VGA", "vgamem_mb")).toBe(true)
    expect(machineNamed(capabilities, "pc")?.name).toBe("pc-i440fx-7.2")
    expect(machineNamed(capabilities, undefined)?.name).toBe("pc-i440fx-7.2")
    expect(machineNamed(capabilities, "q35")).toBeUndefined()
    expect(capabilities.accelerators.tcg).toBe(true)
    expect(capabilities.schema.blockDrivers).toEqual(["file", "qcow2"])
    expect(capabilities.schema.fileAio).toEqual(["io_uring", "threads"])
    expect(capabilities.cpus.tcg?.models[0]?.blockers).toEqual(["kvm"])
    expect(capabilities.cpus.tcg?.host).toEqual({ name: "base", props: { sse2: true } })
    expect(capabilities.cpus.kvm).toBeUndefined()
  })

  test("do not take a name of Object's prototype for a type, an option or a property", () => {
    for (const name of ["constructor", "toString", "__proto__"]) {
      expect(hasOption(capabilities, name)).toBe(false)
      expect(hasProperty(capabilities, name, "name")).toBe(false)
      expect(hasType(capabilities, name)).toBe(false)
    }
  })

  test("leave out a type that the binary does not have", () => {
    expect(Object.keys(capabilities.properties)).toEqual(["VGA"])
  })

  test("survive JSON, so that they can be cached", () => {
    expect(JSON.parse(JSON.stringify(capabilities))).toEqual(
      JSON.parse(JSON.stringify(Result.getOrThrow(read(common))))
    )
  })

  test("name the query whose answer is missing, refused or misshapen", () => {
    for (const spoilt of common.filter((answer) => answer.arguments === undefined)) {
      const others = common.filter((answer) => answer !== spoilt)
      const bad: readonly QmpAnswer[][] = [
        others,
        [...others, { execute: spoilt.execute, error: { class: "GenericError", desc: "no" } }],
        [...others, { execute: spoilt.execute, return: 7 }]
      ]
      for (const answers of bad) {
        const result = read(answers)
        expect(Result.isFailure(result) && result.failure.query).toBe(spoilt.execute)
      }
    }
  })
})
