/**
 * Goal: what a QEMU can do is asked of it once, and whatever is wrong with a binary is a typed
 * error in bounded time. KVM counts as usable only if a guest of it runs.
 * Method: the real QEMU, and files that only claim to be one.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { expect, test } from "vitest"
import * as IdsLive from "../../../src/base/ids.live.ts"
import type { Ids } from "../../../src/base/ids.ts"
import { kvmTrial } from "../../../src/qemu/kvm-trial.ts"
import { findByToken } from "../../../src/qemu/kill.ts"
import { monitorIdPrefix } from "../../../src/qemu/monitor-id.ts"
import { kvmUntried, makeProber, probeTimeoutMs } from "../../../src/qemu/probe.ts"
import type { ProbeRoom } from "../../../src/qemu/probe-process.ts"
import { type Bench, type Host, onHost, qemu } from "../launcher/fixture.ts"

const roomOf = ({ directory, root }: Bench): ProbeRoom => {
  const cacheDirectory = join(directory, "cache")
  fs.mkdirSync(cacheDirectory, { recursive: true })
  return { scratchDirectory: directory, cacheDirectory, root }
}

const inRoom = <A, E>(
  run: (room: ProbeRoom, bench: Bench) => Effect.Effect<A, E, Host | Ids | Scope.Scope>
) => onHost((bench) => Effect.provide(run(roomOf(bench), bench), IdsLive.layer))

/** Nothing but the cache is left of a probe. */
const leftOf = ({ directory }: Bench) => fs.readdirSync(directory).filter((one) => one !== "cache")

const script = (room: ProbeRoom, name: string, text: string): string => {
  const path = join(room.cacheDirectory, name)
  fs.writeFileSync(path, text, { mode: 0o755 })
  return path
}

test("QEMU tells what it can do, and is gone afterwards", () =>
  inRoom((room, bench) =>
    Effect.gen(function* () {
      const prober = yield* makeProber(room)
      const found = yield* prober.capabilities(qemu)
      expect(found.arch).toBe("x86_64")
      expect(found.machines.length).toBeGreaterThan(5)
      expect(found.types).toContain("virtio-blk-pci")
      expect(found.commands).toContain("query-status")
      expect(found.accelerators).toEqual({ tcg: true, kvm: kvmUntried })
      expect(found.cpus.tcg?.models.length).toBeGreaterThan(10)
      expect(leftOf(bench)).toEqual([])
      expect((yield* findByToken(monitorIdPrefix(bench.root))).found).toEqual([])
    })
  ))

test("all who ask at once share one QEMU, and the next engine needs none", () =>
  inRoom((room, bench) =>
    Effect.gen(function* () {
      const runs = join(bench.directory, "cache", "runs")
      const wrapper = script(
        room,
        "qemu-system-x86_64",
        `#!/bin/sh\necho run >>${runs}\nexec ${qemu} "$@"\n`
      )
      const prober = yield* makeProber(room)
      const asked = Array.from({ length: 20 }, () => prober.capabilities(wrapper))
      const answers = yield* Effect.all(asked, { concurrency: "unbounded" })
      const next = yield* makeProber(room)
      answers.push(yield* next.capabilities(wrapper))
      for (const answer of answers) expect(answer).toEqual(answers[0])
      expect(fs.readFileSync(runs, "utf8")).toBe("run\n")
      fs.utimesSync(wrapper, 1, 1)
      yield* next.capabilities(wrapper)
      expect(fs.readFileSync(runs, "utf8")).toBe("run\nrun\n")
    })
  ))

test.each(["", "{}\n", "x".repeat(1000)])("a damaged cache %# is asked again", (damage) =>
  inRoom((room) =>
    Effect.gen(function* () {
      const first = yield* (yield* makeProber(room)).capabilities(qemu)
      const [name = ""] = fs.readdirSync(room.cacheDirectory)
      const path = join(room.cacheDirectory, name)
      const whole = fs.readFileSync(path, "utf8")
      fs.writeFileSync(path, damage)
      const again = yield* (yield* makeProber(room)).capabilities(qemu)
      expect(again).toEqual(first)
      // The last half of the file was lost, and a letter has changed.
      fs.writeFileSync(path, whole.slice(0, whole.length / 2))
      expect(yield* (yield* makeProber(room)).capabilities(qemu)).toEqual(first)
      fs.writeFileSync(path, whole.replace("virtio-blk-pci", "virtio-blk-pcx"))
      expect(yield* (yield* makeProber(room)).capabilities(qemu)).toEqual(first)
    })
  )
)

test("a cache that cannot be written costs nothing but the next probe", () =>
  inRoom((room) =>
    Effect.gen(function* () {
      const prober = yield* makeProber({ ...room, cacheDirectory: "/nonexistent/cache" })
      expect((yield* prober.capabilities(qemu)).arch).toBe("x86_64")
    })
  ))

const speaking = (words: string) =>
  `#!${process.execPath}\nconst net = process.getBuiltinModule("node:net")\n` +
  `net.createServer((c) => { c.on("error", () => {}); ` +
  `c.write(${JSON.stringify(words)}) }).listen({ fd: 3 })\n`

const impostors = [
  { name: "dies", text: "#!/bin/sh\necho 'no such option' >&2\nexit 3\n", because: "died" },
  { name: "is no program", text: "\x7fELF garbage", because: "died" },
  { name: "speaks garbage", text: speaking("HTTP/1.1 400\r\n"), because: "no QMP" },
  { name: "says nothing", text: "#!/bin/sh\nexec sleep 60\n", because: "silent" }
] as const

test.each(impostors)("a binary that $name is told", ({ name, text, because }) =>
  inRoom((room, bench) =>
    Effect.gen(function* () {
      const timeoutMs = because === "silent" ? 300 : probeTimeoutMs
      const prober = yield* makeProber({ ...room, timeoutMs })
      const binary = script(room, name.replaceAll(" ", "-"), text)
      const error = yield* Effect.flip(prober.capabilities(binary))
      expect(error).toMatchObject({ _tag: "ProbeFailed", because })
      if (name === "dies") expect(error.message).toContain("exit code 3: no such option")
      expect(leftOf(bench)).toEqual([])
    })
  )
)

test.each(["/nonexistent/qemu", "/usr/bin", "relative"])("'%s' is told as missing", (binary) =>
  inRoom((room) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip((yield* makeProber(room)).capabilities(binary))
      expect(error).toMatchObject({ _tag: "ProbeFailed", because: "missing" })
    })
  )
)

test("a trial guest runs to its end under TCG", () =>
  inRoom((room, bench) =>
    Effect.gen(function* () {
      const trial = yield* kvmTrial(room, { binary: qemu, accelerator: "tcg" })
      expect(trial.state).toBe("usable")
      expect(leftOf(bench)).toEqual([])
    })
  ))

test("a guest that hangs is told, and ended", () =>
  inRoom((room, bench) =>
    Effect.gen(function* () {
      const image = new Uint8Array(64 * 1024)
      image.set([0xeb, 0xfe], image.byteLength - 16) // A jump to itself, where a processor starts.
      const trial = yield* kvmTrial(room, { binary: qemu, accelerator: "tcg", image })
      expect(trial.state).toEqual({
        unusable: "a trial guest did not run to its end within 2000 ms"
      })
      expect((yield* findByToken(monitorIdPrefix(bench.root))).found).toEqual([])
      expect(leftOf(bench)).toEqual([])
    })
  ))

test("a guest that resets without having run is not taken for one that ran", () =>
  inRoom((room) =>
    Effect.gen(function* () {
      const image = new Uint8Array(64 * 1024)
      image.set([0xb0, 0xfe, 0xe6, 0x64, 0xf4], image.byteLength - 16)
      const trial = yield* kvmTrial(room, { binary: qemu, accelerator: "tcg", image })
      expect(trial.state).not.toBe("usable")
    })
  ))

test("KVM is told as usable or why not, and the same again from the cache", () =>
  inRoom((room, bench) =>
    Effect.gen(function* () {
      const tried = yield* (yield* makeProber(room)).withKvm(qemu)
      expect(tried.accelerators.kvm).not.toEqual(kvmUntried)
      if (tried.accelerators.kvm === "usable") expect(tried.cpus.kvm?.host).toBeDefined()
      else expect(tried.accelerators.kvm.unusable.length).toBeGreaterThan(10)
      const again = yield* (yield* makeProber(room)).withKvm(qemu)
      expect(again).toEqual(tried)
      expect(leftOf(bench)).toEqual([])
    })
  ))
