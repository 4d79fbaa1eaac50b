/**
 * Goal: a disk that is full or read-only fails the call, with the old definition intact on disk and
 * in memory, and the same engine works again when the disk does.
 * Method: an engine in a mount namespace of its own, its root on a tmpfs of some hundred KiB.
 */
import * as fs from "node:fs"
import { expect, test } from "vitest"
import { EngineProcess } from "./child.ts"
import { type Bench, onBench, pause } from "./harness.ts"

const isRoot = process.getuid?.() === 0

/** Runs on a root that the mount namespace of the engine alone has. */
const onSmallDisk = (
  test: (engine: EngineProcess, root: string, bench: Bench) => Promise<void>
): Promise<void> =>
  onBench(async (bench) => {
    const root = `${bench.directory}/small`
    fs.mkdirSync(root)
    const mount = `mount -t tmpfs -o size=600k tmpfs ${root} && exec "$@"`
    const engine = new EngineProcess(["unshare", isRoot ? "-m" : "-rm", "sh", "-c", mount, "sh"])
    try {
      await engine.demand({ op: "open", root })
      await test(engine, root, bench)
      await engine.demand({ op: "close" })
    } finally {
      await engine.kill()
    }
  })

const fill = (root: string) =>
  ["ballast bs=1k", "rest bs=1 count=4095"]
    .map((file) => `dd if=/dev/zero of=${root}/${file} 2>/dev/null || true`)
    .join("; ")

test("a full disk fails a define, and what was defined stays", () =>
  onSmallDisk(async (engine, root, bench) => {
    const web = bench.guest("web")
    await engine.demand({ op: "define", xml: web.xml })
    const read = () => engine.demand({ op: "shell", command: `cat ${root}/etc/qemu/web.xml` })
    const before = await read()
    await engine.demand({ op: "shell", command: fill(root) })
    const long = "x".repeat(20_000)
    const longer = web.xml.replace("<memory", `<description>${long}</description><memory`)
    const refused = await engine.order({ op: "define", xml: longer })
    expect(refused).toMatchObject({ is: "refused", tag: "StoreError" })
    expect(JSON.stringify(refused)).toMatch(/ENOSPC|no space|full/i)
    expect(await read()).toBe(before)
    const another = await engine.order({
      op: "define",
      xml: bench.guest("shop", {
        edit: (xml) => xml.replace("<memory", `<description>${long}</description><memory`)
      }).xml
    })
    expect(another).toMatchObject({ is: "refused", tag: "StoreError" })
    expect((await engine.list()).map(({ name }) => name)).toEqual(["web"])
    const left = await engine.demand({ op: "shell", command: `ls -A ${root}/etc/qemu` })
    expect(left).toBe("autostart\nweb.xml\n")
    await engine.demand({ op: "shell", command: `rm -f ${root}/ballast ${root}/rest` })
    await engine.demand({ op: "define", xml: longer })
    expect(await read()).toContain(long)
  }))

test("a full disk fails a start, which leaves nothing; a running guest can be ended", () =>
  onSmallDisk(async (engine, root, bench) => {
    await engine.demand({ op: "define", xml: bench.guest("web").xml })
    await engine.demand({ op: "define", xml: bench.guest("runs").xml })
    await engine.demand({ op: "start", name: "runs" })
    // What the engine still writes for itself after a start gives room back when it is done.
    await pause(200)
    await engine.demand({ op: "shell", command: fill(root) })
    const refused = await engine.order({ op: "start", name: "web" })
    expect(refused).toMatchObject({ is: "refused", tag: "StartFailed" })
    const [runs, web] = await engine.list()
    expect([runs?.state, web?.state]).toEqual(["running booted", "shutoff failed"])
    await engine.demand({ op: "suspend", name: "runs" })
    await engine.demand({ op: "destroy", name: "runs" })
    await engine.demand({ op: "shell", command: `rm -f ${root}/ballast ${root}/rest` })
    await engine.demand({ op: "start", name: "web" })
    await engine.demand({ op: "destroy", name: "web" })
    const left = await engine.demand({
      op: "shell",
      command: `ls -A ${root}/run ${root}/run/status`
    })
    expect(left).toBe(`${root}/run:\nstatus\n\n${root}/run/status:\n`)
  }))

test("a read-only directory fails every change, and guests run on", () =>
  onSmallDisk(async (engine, root, bench) => {
    const web = bench.guest("web")
    const etc = `${root}/etc/qemu`
    await engine.demand({ op: "define", xml: web.xml })
    await engine.demand({ op: "start", name: "web" })
    const readOnly = `mount --bind ${etc} ${etc} && mount -o remount,ro,bind ${etc}`
    await engine.demand({ op: "shell", command: readOnly })
    const affects = { config: true, live: true }
    for (const order of [
      { op: "define", xml: bench.guest("shop").xml },
      { op: "change", name: "web", change: { type: "title", affects, text: "new" } },
      { op: "change", name: "web", change: { type: "autostart", isAutostart: true } },
      { op: "change", name: "web", change: { type: "undefine" } }
    ] as const) {
      const refused = await engine.order(order)
      expect(refused).toMatchObject({ is: "refused", tag: "StoreError" })
      expect(JSON.stringify(refused)).toMatch(/EROFS|read-only/i)
    }
    expect((await engine.list()).map(({ name, state }) => `${name} ${state}`)).toEqual([
      "web running booted"
    ])
    const status = await engine.demand({ op: "shell", command: `cat ${root}/run/status/*` })
    expect(status).not.toContain("new")
    await engine.demand({ op: "shell", command: `umount ${etc}` })
    await engine.demand({
      op: "change",
      name: "web",
      change: { type: "title", affects, text: "new" }
    })
    await engine.demand({ op: "destroy", name: "web" })
  }))
