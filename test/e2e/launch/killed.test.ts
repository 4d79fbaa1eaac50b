/**
 * Goal: whatever an engine has changed on the host when it is killed, in the middle of a start too,
 * the next one gives back: owners of files, tap devices, sockets at places of the definition's.
 * Method: a program with an engine is killed with SIGKILL at instants spread over its guest's
 * start, in turn with a guest of another account (as root) and with one on a bridge of the test
 * (where the host allows one); then an engine is opened on the same root, and what it has taken
 * over is destroyed.
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { view } from "../../../actors/domain/domain.ts"
import { type Bench, onBench, outcome, pause, until } from "../engine/harness.ts"
import { processesOf } from "../engine/processes.ts"
import { Bridge } from "./bridge.ts"
import { configure, ownerOf, ownGuest, withDevices } from "./stage.ts"

const bridge = new Bridge("k")
const hasBridge = bridge.whyNot === undefined
const program = join(import.meta.dirname, "engine-program.ts")
const isRoot = process.getuid?.() === 0

/** Kills the engine so long after its first status record, or its first file of the start. */
const killedInStart = async (bench: Bench, file: string, delayMs: number): Promise<void> => {
  const child = spawn(process.execPath, [program, bench.root, file], { stdio: "pipe" })
  let said = ""
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (bytes) => (said += String(bytes)))
  const ended = new Promise((resolve) => child.once("exit", resolve))
  // The start has begun once there is a directory of its epoch.
  const run = join(bench.root, "run")
  await until("the start to begin", () => {
    if (child.exitCode !== null || said !== "") throw new Error(`the engine said: ${said}`)
    return fs.existsSync(run) && fs.readdirSync(run).some((name) => /^\d+\.\d+$/.test(name))
  })
  await pause(delayMs)
  child.kill("SIGKILL")
  await ended
}

const delaysMs = [0, 5, 15, 40, 90, 250]

/** Who may open /dev/net/tun is the host's affair, so account and bridge come one at a time. */
const round = (delayMs: number, isBridged: boolean) =>
  onBench(async (bench) => {
    configure(bench, isRoot && !isBridged ? ['user = "nobody"', 'group = "nogroup"'] : [])
    const socket = join(bench.directory, "channel.sock")
    const { xml, imagePath } = ownGuest(
      bench,
      "web",
      withDevices(
        `<channel type='unix'><source mode='bind' path='${socket}'/>`,
        "<target type='virtio' name='other'/></channel>",
        ...(isBridged
          ? [`<interface type='bridge'><source bridge='${bridge.name}'/></interface>`]
          : [])
      )
    )
    const file = join(bench.directory, "web.xml")
    fs.writeFileSync(file, xml)
    const owner = ownerOf(imagePath)
    await killedInStart(bench, file, delayMs)
    const engine = await bench.open()
    for (const ref of engine.refs()) {
      if (view(ref).context.epoch !== undefined) await outcome(engine.destroy(ref))
      await until("the guest to be over", () => view(ref).context.epoch === undefined)
    }
    await until("no QEMU of ours", () => processesOf(bench.root).length === 0)
    expect(ownerOf(imagePath)).toEqual(owner)
    if (isBridged) expect(bridge.ports).toEqual([])
    // Whatever was left of it does not stand in the way of the next start.
    const ref = await engine.lookUp("web")
    await engine.start(ref)
    await engine.destroy(ref)
    expect(fs.existsSync(socket)).toBe(false)
  })

test("an engine that is killed in a start leaves nothing that the next does not give back", () => {
  const rounds = async () => {
    for (const delayMs of delaysMs) {
      await round(delayMs, false)
      if (hasBridge) await round(delayMs, true)
    }
  }
  return hasBridge ? bridge.during(rounds) : rounds()
}, 240_000)
