/**
 * Goal: the command line asks a daemon with virsh's words: guests go through their lives, deeds are
 * waited for, events and changes are shown as they come, consoles carry bytes both ways, and what
 * is refused is refused with a code and with what to do next.
 * Method: the real daemon, the binary as a process of its own for each word, real QEMU without an
 * accelerator. A guest without a system suffices but for the console.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { processesOf } from "./engine/processes.ts"
import { scratch, startDaemon } from "./daemon/stage.ts"
import { type Ended, troupe } from "./faces-stage.ts"
import { linuxGuest, linuxMemoryMiB } from "./linux/linux-guest.ts"

const program = join(import.meta.dirname, "../../src/main.ts")

const guestXml = (name: string, devices = ""): string => `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>32</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <serial type='pty'/><video><model type='vga'/></video><memballoon model='virtio'/>${devices}
  </devices>
</domain>`

interface Stage {
  readonly directory: string
  readonly root: string
  readonly run: (...words: readonly string[]) => Promise<Ended>
  /** What a word says; the test fails when it fails. */
  readonly say: (...words: readonly string[]) => Promise<string>
  /** A word that goes on, with what it has said so far. */
  readonly keep: (...words: readonly string[]) => { child: ChildProcess; said: () => string }
  readonly write: (name: string, xml?: string) => string
}

const setStage = (): Stage => {
  const directory = scratch()
  const root = join(directory, "r")
  const environment = { TROUPE_ROOT: root, TROUPE_URI: "", LIBVIRT_DEFAULT_URI: "" }
  onTestFinished(() => {
    for (const { pid } of processesOf(root)) process.kill(pid, "SIGKILL")
  })
  const run = (...words: readonly string[]) => troupe(words, { directory, environment }).ended
  return {
    directory,
    root,
    run,
    say: async (...words) => {
      const ended = await run(...words)
      expect(ended, words.join(" ")).toMatchObject({ code: 0 })
      return ended.out
    },
    keep: (...words) => {
      const env = { ...process.env, ...environment, NO_COLOR: "1" }
      const child = spawn(process.execPath, [program, ...words], { cwd: directory, env })
      onTestFinished(() => void child.kill("SIGKILL"))
      let said = ""
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => (said += text))
      return { child, said: () => said }
    },
    write: (name, xml = guestXml(name)) => {
      writeFileSync(join(directory, `${name}.xml`), xml)
      return `${name}.xml`
    }
  }
}

const withDaemon = async (): Promise<Stage> => {
  const stage = setStage()
  await startDaemon(stage.root)
  return stage
}

const patience = { timeout: 30_000, interval: 50 }

const exitOf = (child: ChildProcess): Promise<number | null> =>
  child.exitCode === null
    ? new Promise((done) => child.once("exit", (code) => done(code)))
    : Promise.resolve(child.exitCode)

test("a guest goes through its life by the words, each of which can be waited for", async () => {
  const { say, run, write } = await withDaemon()
  expect(await say("define", write("web"))).toMatch(/^web is defined, uuid [0-9a-f-]{36}\n$/)
  expect(await say("start", "web", "--wait")).toBe("web is started\n")
  expect(await say("list", "-o", "name")).toBe("web\n")
  expect(await say("suspend", "web", "--wait=paused")).toBe("web is paused\n")
  expect(await say("domstate", "web", "--reason")).toBe("paused (user)\n")
  expect(JSON.parse(await say("info", "web", "-o", "json"))).toMatchObject({
    name: "web",
    state: "paused",
    isPersistent: true,
    vcpus: 1
  })
  expect(await say("resume", "web", "--wait")).toBe("web runs again\n")
  expect(await say("reset", "web", "--wait")).toBe("web is reset\n")
  expect(await say("autostart", "web")).toBe("web starts with the engine\n")
  expect(await say("list", "--autostart", "-o", "name")).toBe("web\n")
  expect(await say("dumpxml", "web", "--inactive")).toContain("<name>web</name>")
  // A guest without a system does not hear its power button.
  expect(await run("shutdown", "web", "--wait", "--timeout", "1")).toMatchObject({
    code: 8,
    err: expect.stringContaining("'web' is not shutoff after 1 s")
  })
  expect(await say("destroy", "web", "--wait")).toBe("web is destroyed\n")
  expect(await say("domrename", "web", "www", "-o", "yaml")).toMatch(/^name: web$/m)
  expect(await say("undefine", "www")).toBe("www is undefined\n")
  expect(await say("list", "--all", "-o", "json")).toBe("[]\n")
}, 60_000)

test("the words that only a daemon answers are answered, about guests and the host", async () => {
  const { say, write, directory } = await withDaemon()
  const image = join(directory, "d.img")
  writeFileSync(image, Buffer.alloc(1024 * 1024))
  const disk = `<disk type='file'><source file='${image}'/><target dev='vda' bus='virtio'/></disk>`
  await say("create", write("web", guestXml("web", disk)))
  const wanted: readonly (readonly [string, RegExp])[] = [
    ["domid web", /^\d+\n$/],
    ["domuuid web", /^[0-9a-f-]{36}\n$/],
    ["domstats web --groups state,balloon", /^web\n {2}state\.state=1\n[^]*balloon\.current=32768/],
    ["domblkstat web vda -o json", /"rd_bytes": \d+/],
    ["domblklist web", /^vda +file +disk +.*d\.img$/m],
    ["domiflist web", /^INTERFACE +TYPE/],
    ["dommemstat web", /^actual +32768$/m],
    ["vcpuinfo web", /^0 +running/m],
    ["setmem web 32MiB", /^web is to have 32768 KiB\n$/],
    ["desc web for the test", /^web has a new description\n$/],
    ["desc web", /^for the test\n$/],
    ["metadata web http://t.example --set <a/> --key t", /^web has new metadata\n$/],
    ["metadata web http://t.example", /<a\/>/],
    ["domcontrol web", /^ok\n$/],
    ["domjobinfo web", /^none\n$/],
    ["send-key web KEY_LEFTCTRL KEY_LEFTALT KEY_DELETE", /keys pressed\n$/],
    ["inject-nmi web", /interrupted\n$/],
    ["qemu-monitor-command web --hmp info status", /^VM status: running/],
    ["qemu-monitor-command web query-status --pretty", /^ {4}"running": true/m],
    ["screenshot web shot", /^web is shown in shot, of type image\//],
    ["nodeinfo -o yaml", /^cpus: \d+$/m],
    ["version", /^type +QEMU$/m],
    ["uri", /^qemu:\/\/\/(system|session)\n$/],
    ["capabilities", /^<capabilities>/],
    ["domcapabilities", /^<domainCapabilities>/],
    ["net-list --all -o json", /^\[\]\n$/]
  ]
  for (const [words, answer] of wanted)
    expect(await say(...words.split(" ")), words).toMatch(answer)
  expect(readFileSync(join(directory, "shot")).subarray(0, 4).toString("latin1")).toMatch(
    /^.PNG|^P6/
  )
}, 120_000)

test("pools and volumes are made, shown and taken away", async () => {
  const { say, directory } = await withDaemon()
  const pool = join(directory, "pool")
  await say("pool-define-as", "p", "dir", "--target", pool)
  await say("pool-build", "p")
  await say("pool-start", "p")
  expect(await say("pool-list", "-o", "name")).toBe("p\n")
  await say("vol-create-as", "p", "a.qcow2", "8M", "--format", "qcow2")
  expect(await say("vol-list", "p")).toMatch(/^a\.qcow2 +.*\/pool\/a\.qcow2$/m)
  await say("vol-resize", "a.qcow2", "16M", "p")
  expect(await say("vol-info", join(pool, "a.qcow2"))).toMatch(/^capacity: +16\.00 MiB$/m)
  await say("vol-delete", "a.qcow2", "p")
  await say("pool-destroy", "p")
  await say("pool-undefine", "p")
  expect(await say("pool-list", "--all", "-o", "name")).toBe("")
}, 60_000)

test("events and changes are shown as they come, until Ctrl-C", async () => {
  const { say, keep, write } = await withDaemon()
  await say("define", write("web"))
  const events = keep("event", "--all", "--loop", "-o", "json")
  const list = keep("list", "--all", "--watch")
  await expect.poll(list.said, patience).toMatch(/web +shutoff/)
  // Who listens to events says nothing before the first one: they are made until one is heard.
  await expect
    .poll(async () => {
      await say("desc", "web", "--config", `at ${performance.now()}`)
      return events.said()
    }, patience)
    .toContain("metadata-change")
  await say("start", "web")
  await expect.poll(events.said, patience).toContain('"what":"started","detail":"booted"')
  await expect.poll(list.said, patience).toMatch(/web +running +booted/)
  await say("destroy", "web")
  await expect.poll(events.said, patience).toContain('"what":"stopped","detail":"destroyed"')
  for (const { child } of [events, list]) {
    child.kill("SIGINT")
    expect(await exitOf(child)).toBe(0)
  }
}, 90_000)

test.each(["SIGINT", "SIGKILL"] as const)(
  "a guest that is created with --autodestroy ends with its command at %s",
  async (signal) => {
    const { say, keep, write } = await withDaemon()
    const create = keep("create", "--autodestroy", write("tmp"))
    await expect.poll(create.said, patience).toContain("tmp ends with this command")
    expect(await say("list", "-o", "name")).toBe("tmp\n")
    create.child.kill(signal)
    await exitOf(create.child)
    await expect.poll(() => say("list", "--all", "-o", "name"), patience).toBe("")
  },
  60_000
)

test("a console carries what is typed and what is said, and Ctrl-] leaves it", async () => {
  const { say, keep, write } = await withDaemon()
  const { kernel, initrd, cmdline } = await linuxGuest()
  const boot = `<kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>${cmdline}</cmdline>`
  const xml = guestXml("linux")
    .replace("</os>", `${boot}</os><features><acpi/></features>`)
    .replace(/(<memory [^>]*>)\d+/, `$1${linuxMemoryMiB}`)
  await say("create", write("linux", xml), "--paused")
  const console = keep("console", "linux")
  await expect.poll(console.said, patience).toContain("connected to linux")
  await say("resume", "linux")
  await expect.poll(console.said, { timeout: 90_000, interval: 100 }).toContain("TROUPE LINUX UP")
  console.child.stdin?.write("\u001d")
  expect(await exitOf(console.child)).toBe(0)
  const again = keep("console", "linux")
  await expect.poll(again.said, patience).toContain("connected to linux")
  // The guest's own word for its end: what is typed has reached it.
  again.child.stdin?.write("off\r")
  expect(await exitOf(again.child)).toBe(0)
  expect(again.said()).toContain("the console of linux has ended")
}, 150_000)

test("a definition is changed in an editor, and one that is wrong is kept", async () => {
  const { say, run, write, directory } = await withDaemon()
  await say("define", write("web"))
  const edited = (script: string) =>
    troupe(["edit", "web"], {
      directory,
      environment: { TROUPE_ROOT: join(directory, "r"), TROUPE_URI: "", VISUAL: script }
    }).ended
  expect(await edited("sed -i s/32768/65536/")).toMatchObject({ out: "web is changed\n" })
  expect(await say("dumpxml", "web")).toMatch(/<memory unit='KiB'>65536</)
  expect(await edited("true")).toMatchObject({ code: 0, out: "web is not changed\n" })
  const wrong = await edited("sed -i s/memory/mmeory/")
  expect(wrong.code).not.toBe(0)
  const [, kept = ""] = /what you have written is in (\S+)/.exec(wrong.err) ?? []
  expect(readFileSync(kept, "utf8")).toContain("mmeory")
  onTestFinished(() => writeFileSync(kept, ""))
  expect(await run("dumpxml", "web")).toMatchObject({ out: expect.stringContaining("65536") })
}, 60_000)

test("what is refused has its exit code, and says what to do next", async () => {
  const { run, say, write, root } = await withDaemon()
  await say("define", write("web"))
  const refusals: readonly (readonly [string, number, RegExp])[] = [
    ["start nosuch", 4, /no domain[^]*'troupe list --all'/],
    ["suspend web", 5, /not running/],
    ["undefine web --readonly", 5, /read only access prevents[^]*--readonly/],
    ["domstats --groups nosuch", 3, /no group of figures 'nosuch'/],
    ["setmem web much", 3, /'much' is no size/],
    ["event", 3, /no event is named/],
    ["list -c qemu+ssh://host/system", 2, /ssh -L/],
    ["list -c qemu+unix:///system?socket=/nonexistent/sock", 7, /ENOENT[^]*troupe daemon/],
    ["start web --wait=flying", 3, /no state 'flying'/]
  ]
  for (const [words, code, says] of refusals) {
    const ended = await run(...words.split(" "))
    expect(ended, words).toMatchObject({ code, err: expect.stringMatching(says) })
  }
  const uri = `qemu+unix:///system?socket=${root}/run/libvirt-sock`
  expect(await say("-c", uri, "list", "--all", "-o", "name")).toBe("web\n")
}, 60_000)

test("without a daemon, words that need one say so, and completion finds the names", async () => {
  const { run, say, write } = setStage()
  await say("define", write("web"))
  expect(await run("domstats")).toMatchObject({
    code: 7,
    err: expect.stringMatching(/none answers for the root[^]*troupe daemon --root/)
  })
  expect(await say("__complete", "domains")).toBe("web\n")
}, 60_000)
