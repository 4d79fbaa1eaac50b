/**
 * Goal: every example of the documentation is a program that runs as it stands.
 * Method: each in a process of its own with real QEMU, importing the package by its name; one row
 * for each file of docs/examples, and a test that no file is without a row.
 */
import { readdirSync } from "node:fs"
import { join, resolve } from "node:path"
import { expect, test } from "vitest"
import {
  type Ended,
  guestsIn,
  type Program,
  program,
  setStage,
  type Stage,
  troupe
} from "./faces-stage.ts"

const folder = "docs/examples"

const start = (stage: Stage, name: string): Program =>
  program(`${folder}/${name}`, {
    directory: stage.directory,
    environment: { TROUPE_ROOT: stage.root }
  })

const play = (stage: Stage, name: string): Promise<Ended> => start(stage, name).ended

/** Of the example that serves. */
const socketOf = (stage: Stage): string => join(stage.directory, "sockets", "libvirt-sock")

const good = (ended: Ended) => {
  expect(ended).toMatchObject({ code: 0, err: "" })
  return ended.out
}

const rows: { readonly [name: string]: (stage: Stage) => Promise<void> } = {
  "start.ts": async (stage) => {
    good(await play(stage, "start.ts"))
    expect(guestsIn(stage.directory)).toHaveLength(1)
  },
  "watch.ts": async (stage) => {
    const said = good(await play(stage, "watch.ts"))
    expect(said.trim().split("\n")).toEqual([
      "web is shutoff",
      "web: started (booted)",
      "web: suspended (paused)",
      "web: resumed (unpaused)",
      "web: stopped (destroyed)"
    ])
    expect(guestsIn(stage.directory)).toEqual([])
  },
  "autostart.ts": async (stage) => {
    const said = good(await play(stage, "autostart.ts"))
    expect(said).toBe("defined, and off: shutoff\nstarted by the engine: booted\n")
    expect(guestsIn(stage.directory)).toEqual([])
  },
  "effect.ts": async (stage) => {
    const said = good(await play(stage, "effect.ts"))
    expect(said).toMatch(/started[\s\S]*stopped[\s\S]*refused: the domain is active already\n$/)
    expect(guestsIn(stage.directory)).toEqual([])
  },
  "testing.ts": async (stage) => {
    const said = good(await play(stage, "testing.ts"))
      .trim()
      .split("\n")
    expect(said).toEqual([
      "in the usual order: it was used",
      expect.stringMatching(/^in the order of seed \d+: it went away while it was used$/),
      "the same from its list of choices: it went away while it was used"
    ])
  },
  "crash.ts": async (stage) => {
    const first = await play(stage, "crash.ts")
    expect(first).toMatchObject({ code: null, signal: "SIGKILL" })
    const [pid] = guestsIn(stage.directory)
    expect(first.out).toBe(`started web, pid ${pid}\n`)
    expect(good(await play(stage, "crash.ts"))).toBe(`adopted web, pid ${pid}\n`)
    expect(guestsIn(stage.directory)).toEqual([])
  },
  "console.ts": async (stage) => {
    const said = good(await play(stage, "console.ts"))
    expect(said).toMatch(/^on serial0: tick \d+\nit ended: guest ended\n$/)
    expect(guestsIn(stage.directory)).toEqual([])
  },
  "storage.ts": async (stage) => {
    const said = good(await play(stage, "storage.ts"))
    expect(said).toBe("written through the engine\nthe pool has room: true\n")
    expect(readdirSync(join(stage.directory, "images"))).toEqual([])
  },
  "daemon.ts": async (stage) => {
    const running = start(stage, "daemon.ts")
    await running.says(/virsh -c /)
    expect(guestsIn(stage.directory)).toHaveLength(1)
    const list = troupe(["-c", `qemu+unix:///system?socket=${socketOf(stage)}`, "list"], stage)
    expect(good(await list.ended)).toMatch(/web +running/)
    running.kill("SIGTERM")
    const said = good(await running.ended)
    expect(said).toBe(`virsh -c 'qemu+unix:///system?socket=${socketOf(stage)}' list\n`)
    expect(guestsIn(stage.directory)).toEqual([])
  }
}

test("each example has a row here", () => {
  const files = readdirSync(resolve(import.meta.dirname, "../..", folder))
  expect(files.filter((name) => name.endsWith(".ts")).toSorted()).toEqual(
    Object.keys(rows).toSorted()
  )
})

test.each(Object.keys(rows))("%s does what it says", async (name) => {
  await using stage = setStage()
  stage.definition("web")
  await rows[name]?.(stage)
})
