/**
 * Goal: QEMU runs as the account of the config, with the limits of the config, and the guest's
 * files belong to that account exactly as long as the guest runs: also when the start fails, and
 * when the engine went away meanwhile.
 * Method: real QEMU under TCG started by root as `nobody`; ids and limits are read from /proc,
 * owners from the file system.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { onBench, outcome, pidOf, qemu, until } from "../engine/harness.ts"
import {
  configure,
  idsOf,
  limitOf,
  mayRaiseLimits,
  nobody,
  ownerOf,
  ownGuest,
  statusesOf,
  withConfig,
  withDevices,
  wordsOf
} from "./stage.ts"

const root = { uid: 0, gid: 0 }
const asNobody = ['user = "nobody"', 'group = "nogroup"']

test("a guest of another account has its image while it runs, and gives it back", () =>
  withConfig(asNobody, async (engine, bench) => {
    const socket = join(bench.root, "agent.sock")
    const { definition, imagePath, said } = ownGuest(
      bench,
      "web",
      withDevices(
        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
        `<channel type='unix'><source mode='bind' path='${socket}'/>`,
        "<target type='virtio' name='other'/></channel>",
        "<graphics type='vnc'><listen type='socket'/></graphics>"
      )
    )
    const ref = await engine.define(definition)
    await engine.start(ref)
    expect(idsOf(ref)).toEqual({
      uids: Array(4).fill(nobody.uid),
      gids: Array(4).fill(nobody.gid),
      groups: [nobody.gid]
    })
    expect(ownerOf(imagePath)).toEqual(nobody)
    expect(fs.existsSync(socket)).toBe(true)
    await until("the guest to speak", () => said().includes("TROUPE GUEST UP"))
    await engine.destroy(ref)
    expect(ownerOf(imagePath)).toEqual(root)
    expect(fs.existsSync(socket)).toBe(false)
  }))

test("a start that fails gives the image back", () =>
  withConfig(asNobody, async (engine, bench) => {
    const { definition, imagePath } = ownGuest(
      bench,
      "web",
      withDevices(
        "<disk type='file'><source file='/nowhere/at-all.img'/><target dev='vdb' bus='virtio'/>" +
          "</disk>"
      )
    )
    const ref = await engine.define(definition)
    expect(String(await outcome(engine.start(ref)))).toContain("/nowhere/at-all.img")
    expect(ownerOf(imagePath)).toEqual(root)
  }))

test("what a link points to is not given away", () =>
  withConfig(asNobody, async (engine, bench) => {
    const { definition, imagePath } = ownGuest(bench, "web")
    const real = `${imagePath}.real`
    fs.renameSync(imagePath, real)
    fs.symlinkSync(real, imagePath)
    const ref = await engine.define(definition)
    expect(String(await outcome(engine.start(ref)))).toContain("Permission denied")
    expect(ownerOf(real)).toEqual(root)
    expect(ownerOf(imagePath)).toEqual(root)
  }))

test("without dynamic ownership no file changes hands", () =>
  withConfig([...asNobody, "dynamic_ownership = 0"], async (engine, bench) => {
    const { definition, imagePath } = ownGuest(bench, "web")
    const ref = await engine.define(definition)
    expect(String(await outcome(engine.start(ref)))).toContain("Permission denied")
    fs.chownSync(imagePath, nobody.uid, nobody.gid)
    await engine.start(ref)
    await engine.destroy(ref)
    expect(ownerOf(imagePath)).toEqual(nobody)
  }))

test("the next engine gives back what the one before had given", () =>
  onBench(async (bench) => {
    configure(bench, asNobody)
    const first = await bench.open()
    const { definition, imagePath } = ownGuest(bench, "web")
    await first.start(await first.define(definition))
    await first.close()
    expect(ownerOf(imagePath)).toEqual(nobody)
    const second = await bench.open()
    const ref = await second.lookUp("web")
    await second.destroy(ref)
    expect(ownerOf(imagePath)).toEqual(root)
  }))

test("an account that the host does not have is named", () =>
  withConfig(['user = "nobody-of-that-name"'], async (engine, bench) => {
    const ref = await engine.define(ownGuest(bench, "web").definition)
    expect(String(await outcome(engine.start(ref)))).toContain(
      "QEMU cannot run with the config's user 'nobody-of-that-name': the host does not know it"
    )
  }))

test("limits, filter and title of the process are the config's", () =>
  withConfig(
    [
      'user = "+65534"',
      "max_files = 3000",
      "max_processes = 500",
      "max_core = 0",
      "seccomp_sandbox = 0",
      "set_process_name = 1",
      "log_timestamp = 0"
    ],
    async (engine, bench) => {
      const { definition } = ownGuest(bench, "web")
      const ref = await engine.define(definition)
      await engine.start(ref)
      expect(limitOf(ref, "Max open files")).toEqual(["3000", "3000"])
      expect(limitOf(ref, "Max processes")).toEqual(["500", "500"])
      expect(limitOf(ref, "Max core file size")).toEqual(["0", "0"])
      expect(wordsOf(ref)[0]).toBe(qemu)
      expect(wordsOf(ref)).not.toContain("-sandbox")
      expect(wordsOf(ref)).not.toContain("-msg")
      expect(wordsOf(ref)).toContain("guest=web,process=qemu:web,debug-threads=on")
      await engine.destroy(ref)
    }
  ))

test("memory that is to be locked may be, or the limit that forbids it is named", () =>
  withConfig(asNobody, async (engine, bench) => {
    const locked = ownGuest(bench, "web", (xml) =>
      xml.replace("<vcpu", "<memoryBacking><locked/></memoryBacking><vcpu")
    )
    const ref = await engine.define(locked.definition)
    if (!mayRaiseLimits()) {
      expect(String(await outcome(engine.start(ref)))).toContain(
        "memlock unlimited is past our own hard limit"
      )
      return
    }
    await engine.start(ref)
    expect(limitOf(ref, "Max locked memory")).toEqual(["unlimited", "unlimited"])
    await engine.destroy(ref)
  }))

test("memory that is a file is in a folder of its own, of the account", () =>
  onBench(async (bench) => {
    const folder = join(bench.directory, "ram")
    configure(bench, [...asNobody, `memory_backing_dir = "${folder}"`])
    const engine = await bench.open()
    const shared = ownGuest(bench, "web", (xml) =>
      xml.replace(
        "<vcpu",
        "<memoryBacking><source type='file'/><access mode='shared'/></memoryBacking><vcpu"
      )
    )
    const ref = await engine.define(shared.definition)
    await engine.start(ref)
    const [own] = fs.readdirSync(folder)
    expect(ownerOf(join(folder, own ?? ""))).toEqual(nobody)
    expect(statusesOf(bench)[0]?.text).toContain(join(folder, own ?? ""))
    await engine.destroy(ref)
    expect(fs.readdirSync(folder)).toEqual([])
  }))

test("control groups that the host does not offer are said to be missing", () =>
  withConfig(['cgroup_controllers = [ "cpu" ]'], async (engine, bench) => {
    const { definition } = ownGuest(bench, "web")
    const ref = await engine.define(definition)
    await engine.start(ref)
    const log = fs.readFileSync(join(bench.root, "log/qemu/web.log"), "utf8")
    const isGrouped = /^0::\/troupe-/m.test(fs.readFileSync(`/proc/${pidOf(ref)}/cgroup`, "utf8"))
    expect(isGrouped || log.includes("QEMU gets no control group of its own")).toBe(true)
    await engine.destroy(ref)
  }))
