// Goal: a file that libvirt takes is taken, all that is wrong in one is told at once with its
// place, and nothing that guards is ignored in silence.
// Method: examples of whole files; the table of keys as a whole; the syntax by properties
// elsewhere.
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import { keys } from "../../../src/config/keys.ts"
import {
  type ConfigError,
  type ConfigSnapshot,
  defaults,
  formatOrigin,
  load
} from "../../../src/config/snapshot.ts"

const options = { number: 7, path: "qemu.conf" }

const snapshotOf = (text: string): ConfigSnapshot => Result.getOrThrow(load(text, options))

const errorOf = (text: string): ConfigError => {
  const loaded = load(text, options)
  if (Result.isSuccess(loaded)) throw new Error("it was taken")
  return loaded.failure
}

describe("a file that is in order", () => {
  const text = [
    "# displays",
    'vnc_listen = "0.0.0.0"   # everywhere',
    "spice_listen='::'",
    "",
    "vnc_sasl = 1",
    "max_core = 0",
    "security_driver = [",
    "  'none', # nothing",
    "]",
    "max_files = 4096",
    "troupe_start_concurrency = 4"
  ].join("\n")

  test("gives its values under names in camel case, and defaults for the rest", () => {
    const { values } = snapshotOf(text)
    expect(values.vncListen).toBe("0.0.0.0")
    expect(values.spiceListen).toBe("::")
    expect(values.vncSasl).toBe(true)
    expect(values.maxCore).toBe(0)
    expect(values.maxFiles).toBe(4096)
    expect(values.securityDriver).toEqual(["none"])
    expect(values.troupeStartConcurrency).toBe(4)
    expect(values.remoteDisplayPortMin).toBe(5900)
  })

  test("is known by number and by the origin of each value", () => {
    const { number, origins, warnings } = snapshotOf(text)
    expect(number).toBe(7)
    expect(formatOrigin(origins.security_driver)).toBe("qemu.conf:7")
    expect(formatOrigin(origins.vnc_tls)).toBe("default")
    expect(warnings).toEqual([])
  })

  test("gives a value that nobody can change", () => {
    const snapshot = snapshotOf(text)
    const frozen: readonly object[] = [
      snapshot,
      snapshot.values,
      snapshot.values.securityDriver,
      snapshot.origins,
      snapshot.origins.vnc_tls,
      snapshot.warnings
    ]
    expect(frozen.map((one) => Object.isFrozen(one))).toEqual(frozen.map(() => true))
  })

  test("may be empty", () => {
    expect(snapshotOf("").values).toEqual(defaults(1).values)
  })
})

describe("a file that is not in order", () => {
  test("is refused with every problem, its line, its column and a caret", () => {
    const error = errorOf(
      ["user = 3", 'group = "kvm', 'usre = "a"', "vnc_tls = 1", "max_files = -1"].join("\n")
    )
    expect(error.message.split("\n")).toEqual([
      "qemu.conf:1:8: 'user': a string is expected, not a number",
      "  user = 3",
      "         ^",
      "qemu.conf:2:9: the string that opens here is not closed on this line",
      '  group = "kvm',
      "          ^",
      "qemu.conf:3:1: 'usre' is not known; 'user' is",
      '  usre = "a"',
      "  ^",
      expect.stringMatching(/^qemu.conf:4:11: 'vnc_tls' cannot be set to this: Troupe encrypts no/),
      "  vnc_tls = 1",
      "            ^",
      "qemu.conf:5:13: 'max_files': a whole number from 0 to 2147483647 is expected",
      "  max_files = -1",
      "              ^"
    ])
  })

  test("keeps the caret under its character behind tabs", () => {
    expect(errorOf("\tuser\t= 3").message.split("\n")[2]).toBe("  \t    \t  ^")
  })

  test("is refused when a range is empty, also against a default", () => {
    const message = (text: string) => errorOf(text).message.split("\n")[0]
    expect(message("remote_display_port_min = 7000\nremote_display_port_max = 6000")).toBe(
      "qemu.conf:2:27: 'remote_display_port_min' (7000) is above 'remote_display_port_max' (6000)"
    )
    expect(message("migration_port_min = 60000")).toContain("is above 'migration_port_max' (49215)")
  })

  test.each([
    'security_driver = "selinux"',
    'security_driver = [ "apparmor" ]',
    "security_require_confined = 1",
    'namespaces = [ "mount" ]',
    'cgroup_device_acl = [ "/dev/null" ]',
    'cgroup_controllers = [ "cpu", "devices" ]',
    'vnc_password = "secret"',
    'vnc_sasl_dir = "/etc/sasl2"',
    "spice_tls = 1",
    'lock_manager = "lockd"',
    "mac_filter = 1",
    'sched_core = "full"',
    "allow_disk_format_probing = 1"
  ])("is refused rather than guarded less than it says: %s", (line) => {
    expect(errorOf(line).problems).toHaveLength(1)
  })
})

describe("a file with doubtful lines", () => {
  test("is taken, and each is named with the line it is on", () => {
    const text = [
      'vnc_listen = "a"',
      'vnc_listen = "b"',
      'shared_filesystems = [ "/mnt" ]',
      'stdio_handler = "file"',
      "max_queued = 0"
    ].join("\n")
    const { values, warnings } = snapshotOf(text)
    expect(values.vncListen).toBe("a")
    expect(warnings.map(({ line, message }) => `${line}: ${message}`)).toEqual([
      "2: 'vnc_listen' stands on line 1 already; that one counts",
      "3: 'shared_filesystems' is not known",
      "4: 'stdio_handler' has no effect: a log file is kept within a limit by the engine"
    ])
  })
})

describe("the table of keys", () => {
  test("has a default that each key takes, and a reason for what is done with it", () => {
    for (const [key, row] of Object.entries(keys)) {
      expect(row.treatment.because, key).toMatch(/^\S.*[^.]$/)
      expect(row.accepted, key).toContainEqual(row.default)
    }
  })

  test("refuses or enforces every key that guards", () => {
    const guards = [
      "user",
      "group",
      "security_driver",
      "security_require_confined",
      "seccomp_sandbox",
      "namespaces",
      "cgroup_controllers",
      "cgroup_device_acl",
      "vnc_password",
      "spice_password",
      "vnc_tls",
      "spice_tls",
      "vnc_sasl",
      "spice_sasl",
      "lock_manager",
      "mac_filter"
    ] as const
    for (const key of guards) expect(["enforced", "refused"]).toContain(keys[key].treatment.kind)
  })

  test("takes its own defaults when they are written out", () => {
    const written = (value: unknown): string => {
      if (typeof value === "boolean") return value ? "1" : "0"
      if (Array.isArray(value)) return `[ ${value.map((item) => `"${item}"`).join(", ")} ]`
      return typeof value === "number" ? String(value) : `"${String(value)}"`
    }
    const text = Object.entries(keys).map(([key, row]) => `${key} = ${written(row.default)}`)
    const { values, warnings } = snapshotOf(text.join("\n"))
    expect(values).toEqual(defaults(1).values)
    expect(warnings).toEqual([])
  })
})
