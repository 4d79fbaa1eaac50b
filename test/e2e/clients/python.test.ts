/**
 * Goal: libvirt's Python module does with Troupe what it does with libvirtd.
 * Method: Debian's python3-libvirt, its own event loop and threads; a script does and tells, this
 * file judges; a real daemon and real QEMU with a guest that obeys its power button.
 */
import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { expect, test } from "vitest"
import { type Client, client, needs, type Stage, stage, told, until } from "./stage.ts"

const python = "/usr/bin/python3"

const script = (name: string, { uri, readOnlyUri, directory }: Stage): Client => {
  needs({ "/usr/lib/python3/dist-packages/libvirt.py": "python3-libvirt" })
  return client(python, [join(import.meta.dirname, name), uri, readOnlyUri, directory])
}

const refused = (error: number, why: string | RegExp) => ({
  error,
  why: expect.stringMatching(why)
})

const [noDomain, unsupportedHere, invalid, forbidden, noMetadata] = [42, 84, 55, 29, 80]

const [running, paused, off] = [1, 3, 5]

const figures = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, expect.any(Number)]))

const screen = `<interface type='user'><mac address='52:54:00:00:00:01'/><model type='virtio'/>
  </interface><graphics type='vnc' autoport='yes' passwd='sesame'/>
  <video><model type='vga'/></video><memballoon model='virtio'/>`

/** Only root makes taps. */
const isRoot = process.getuid?.() === 0

const tap = "<interface type='ethernet'><model type='virtio'/></interface>"

const hostFacts = {
  library: 9_000_000,
  version: expect.any(Number),
  type: "QEMU",
  hostname: execFileSync("hostname", { encoding: "utf8" }).trim(),
  uri: expect.stringContaining("qemu+unix:///system"),
  alive: [1, 1, 0],
  capabilities: expect.stringContaining("<domain type='qemu'/>"),
  "domain capabilities": expect.stringMatching(/<machine>pc-q35-[\d.]+<\/machine>/),
  "node info": ["x86_64", ...Array.from({ length: 7 }, () => expect.any(Number))],
  "node cpu map": [expect.any(Number), expect.arrayContaining([true]), expect.any(Number)],
  "node cpu stats": figures("kernel", "user", "idle", "iowait"),
  "node memory stats": figures("total", "free", "buffers", "cached"),
  "free memory": expect.any(Number),
  "cpu models": expect.arrayContaining(["qemu64"]),
  "max vcpus": expect.any(Number),
  "security model": ["none", "0"]
}

const uuid = "00000000-0000-4000-8000-000000776562"

const reads = {
  defined: ["web"],
  found: [uuid, "web", "web"],
  "not found": refused(noDomain, "nobody"),
  "old lists": [["web"], [], 1, 0],
  "state at first": [off, 0],
  "flags at first": [0, 1, 0, -1],
  autostart: [0, 0, 1, 0],
  id: [1, "web"],
  info: [running, 32_768, 32_768, 1, expect.any(Number)],
  control: [0, 0, 0],
  "os type": "hvm",
  limits: [32_768, 1],
  xml: expect.stringMatching(/^<domain type='qemu' id='1'>(?![^]*sesame)[^]*<emulator>\/[^]*/),
  "inactive xml": expect.stringMatching(/^<domain type='qemu'>(?![^]*(?:sesame|<emulator>))/),
  "secure xml": expect.stringContaining("passwd='sesame'"),
  "block stats": Array.from({ length: 5 }, () => expect.any(Number)),
  "block stats by name": figures("rd_operations", "rd_bytes", "wr_operations", "wr_bytes"),
  "block info": [1_048_576, 1_048_576, 1_048_576],
  "interface stats": refused(unsupportedHere, "type user"),
  "interface stats of a tap": isRoot ? Array.from({ length: 8 }, () => expect.any(Number)) : null,
  "memory stats": figures("actual", "rss"),
  vcpus: [[[0, 1, expect.any(Number), expect.any(Number)]], [expect.arrayContaining([true])]],
  "vcpu counts": [1, 1],
  "cpu stats": [figures("cpu_time", "user_time", "system_time")],
  "all stats": [
    [
      "web",
      expect.arrayContaining(["state.state", "cpu.time", "balloon.current", "block.0.rd.reqs"])
    ]
  ],
  job: [0, 0],
  "other reads": [["posix", expect.any(Number)], 0, 0, []]
}

const life = {
  start: 0,
  "state when started": [running, 1],
  "started again": refused(invalid, "already running"),
  suspend: [0, [paused, 1]],
  resume: [0, [running, 5]],
  reset: [0, [running, 5]],
  reboot: 0,
  "state after shutdown": [off, 1],
  shutdown: 0,
  "start paused": [0, [paused, 1]],
  destroy: [0, [off, 2]],
  "not running": refused(invalid, "not running"),
  rename: [0, "shop", ["shop"]],
  undefine: [0, []],
  gone: refused(noDomain, uuid)
}

const deeds = {
  keys: 0,
  nmi: 0,
  screenshot: ["image/png", expect.any(Number), "89504e470d0a1a0a"],
  monitor: expect.stringContaining('"status":"running"'),
  "monitor in words": expect.stringMatching(/^\d+\.\d+/),
  memory: [0, expect.any(Number)],
  "memory of the next start": [0, true],
  metadata: [0, "The shop", 0, "<n/>"],
  "metadata that is not there": refused(noMetadata, "not present"),
  "rename while it runs": refused(invalid, "rename active domain"),
  "read only": [[running, 5], true],
  "read only secure": refused(forbidden, "with secure flag"),
  "read only destroy": refused(forbidden, "read only access prevents virDomainDestroy")
}

test("a guest's whole life, and all that is asked of it", async () => {
  const on = await stage()
  on.definition("web", { devices: isRoot ? `${screen}${tap}` : screen })
  const whole = script("whole.py", on)
  expect({ code: await whole.ended, said: whole.said() }).toMatchObject({ code: 0 })
  const answers = told(whole.out())
  expect(answers).toMatchObject({ ...hostFacts, ...reads })
  expect(answers).toMatchObject({ ...life, ...deeds })
  await until("its connections to be gone", () => on.connections() === 0)
})

const every = Array.from({ length: 27 }, (_, number) => number)

const [defined, started, suspended, resumed, stopped] = [0, 2, 3, 4, 5]

const heardOf = {
  LIFECYCLE: [
    ["talk", defined, 0],
    ["talk", started, 0],
    ["talk", suspended, 0],
    ["talk", resumed, 0],
    ["brief", started, 0],
    ["brief", stopped, 1],
    ["brief", started, 0],
    ["brief", stopped, 1],
    ["talk", stopped, 1]
  ],
  REBOOT: expect.arrayContaining([["talk"]]),
  METADATA_CHANGE: [["talk", 1, null]],
  GRAPHICS: expect.arrayContaining([["talk", 0, expect.anything(), expect.anything(), "none", []]])
}

test("consoles, every event, threads, guests that are bound to a client, and the end", async () => {
  const on = await stage()
  on.definition("talk", { devices: "<graphics type='vnc' autoport='yes'/>", hasConsole: true })
  on.definition("brief")
  const talking = script("talking.py", on)
  await talking.says("ready for the end")
  on.daemon.child.kill("SIGKILL")
  expect({ code: await talking.ended, said: talking.said() }).toMatchObject({ code: 0 })
  const answers = told(talking.out())
  expect(answers).toMatchObject({
    keepalive: 0,
    "alive after many intervals": 1,
    screen: expect.stringMatching(/^RFB 003\.\d+\n$/),
    "event ids": every,
    callbacks: every,
    console: [true, true],
    "a second console": refused(9, "in use by another client"),
    "a console by force": true,
    "eight threads": [],
    "a guest of a client that leaves": ["brief", "talk"],
    "a guest of a client that is killed": ["brief", "talk"],
    heard: heardOf,
    "heard of the monitor": expect.arrayContaining(["STOP", "RESUME", "RESET"]),
    "closed because": [1],
    "alive after that": 0,
    "asked after that": { error: expect.any(Number) }
  })
})
