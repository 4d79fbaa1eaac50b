/**
 * Goal: the command line does to domains what virsh's words say, looks at definitions, hosts and
 * charts, and says what is wrong with distinct exit codes.
 * Method: the binary as a process of its own, on roots of the test's own.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { Troupe } from "../../src/index.ts"
import { setStage, type Stage, troupe } from "./faces-stage.ts"

const play = (stage: Stage, ...words: readonly string[]) =>
  troupe(words, { directory: stage.directory, environment: { TROUPE_ROOT: stage.root } }).ended

const outOf = async (stage: Stage, ...words: readonly string[]) => {
  const ended = await play(stage, ...words)
  expect(ended).toMatchObject({ code: 0, err: "" })
  return ended.out
}

test("the commands about domains work on the user's own engine, one after another", async () => {
  await using stage = setStage()
  stage.definition("web")
  expect(await outOf(stage, "define", "web.xml")).toMatch(/^web is defined, uuid [0-9a-f-]{36}\n$/)
  expect(await outOf(stage, "start", "web")).toBe("web is started\n")
  expect(JSON.parse(await outOf(stage, "list", "-o", "json"))).toMatchObject([
    { name: "web", state: "running", isPersistent: true }
  ])
  expect(await outOf(stage, "suspend", "web")).toBe("web is paused\n")
  expect(await outOf(stage, "info", "web", "-o", "yaml")).toMatch(/^state: paused\nreason: user$/m)
  expect(await outOf(stage, "resume", "web")).toBe("web runs again\n")
  expect(await outOf(stage, "dumpxml", "web", "--inactive")).toMatch(/^<domain type='qemu'>/)
  expect(await outOf(stage, "shutdown", "web", "--wait")).toBe("web is told to shut down\n")
  expect(await outOf(stage, "domrename", "web", "www")).toBe("web is called www now\n")
  expect(await outOf(stage, "list", "--inactive")).toMatch(/ www +shutoff/)
  expect(await outOf(stage, "undefine", "www")).toBe("www is undefined\n")
  expect(JSON.parse(await outOf(stage, "list", "--all", "-o", "json"))).toEqual([])
})

test("each kind of failure has its own exit code and says what, which and why", async () => {
  await using stage = setStage()
  stage.definition("web")
  writeFileSync(
    join(stage.directory, "bad.xml"),
    "<domain type='qemu'>\n  <nmae>x</nmae>\n</domain>"
  )
  expect(await play(stage, "strat")).toMatchObject({ code: 2 })
  expect(await play(stage, "define")).toMatchObject({ code: 2 })
  const bad = await play(stage, "define", "bad.xml")
  expect(bad).toMatchObject({ code: 3, err: expect.stringMatching(/line 1, column 1: .*name/) })
  const missing = await play(stage, "start", "web")
  expect(missing).toMatchObject({
    code: 4,
    err: expect.stringContaining("there is no domain 'web'")
  })
  expect(await play(stage, "define", "none.xml")).toMatchObject({ code: 4 })
  await outOf(stage, "define", "web.xml")
  const denied = await play(stage, "suspend", "web")
  expect(denied).toMatchObject({
    code: 5,
    err: expect.stringContaining("cannot suspend: the domain is not")
  })
})

test("a root that another engine has is refused at once, with who has it", async () => {
  await using stage = setStage()
  await using _ = await Troupe.open({ root: stage.root, owner: "the test" })
  expect(await play(stage, "list")).toMatchObject({
    code: 6,
    err: expect.stringContaining(`'${stage.root}' is in use by the test`)
  })
  expect(await outOf(stage, "doctor")).toMatch(/lock +warning +the root is in use by the test/)
})

test("validate tells by line and column what is wrong and what is not acted on", async () => {
  await using stage = setStage()
  const good = stage.definition("web")
  const odd = good.replace("<devices>", "<devices>\n    <flux capacitor='yes'/>")
  writeFileSync(join(stage.directory, "odd.xml"), odd)
  writeFileSync(join(stage.directory, "bad.xml"), good.replace("</memory>", "</memroy>"))
  expect(await outOf(stage, "validate", "web.xml")).toBe("web.xml is valid\n")
  const line = odd.split("\n").findIndex((text) => text.includes("flux")) + 1
  const oddly = await play(stage, "validate", "odd.xml")
  expect(oddly.out).toMatch(new RegExp(`^odd\\.xml:${line}:5: warning: .*flux`))
  const ended = await play(stage, "validate", "bad.xml", "web.xml", "-o", "json")
  expect(ended.code).toBe(3)
  expect(JSON.parse(ended.out)).toMatchObject([
    { file: "bad.xml", findings: [{ severity: "error", line: 3 }] },
    { file: "web.xml", findings: [], canStart: true }
  ])
})

test("argv, chart, config and completion print what they are asked for", async () => {
  await using stage = setStage()
  stage.definition("web")
  const words = JSON.parse(await outOf(stage, "argv", "web.xml", "-o", "json"))
  expect(words).toEqual(expect.arrayContaining(["-uuid", "-blockdev", "-device"]))
  expect(await outOf(stage, "chart", "driver")).toMatch(/^stateDiagram-v2/m)
  expect(JSON.parse(await outOf(stage, "chart", "domain", "--format", "json"))).toMatchObject({
    id: "domain"
  })
  const near = await play(stage, "chart", "domian")
  expect(near).toMatchObject({ code: 4, err: expect.stringContaining("did you mean 'domain'?") })
  mkdirSync(join(stage.root, "etc"), { recursive: true })
  const path = join(stage.root, "etc/qemu.conf")
  writeFileSync(path, "max_files = 99\nmax_queued = 7\n")
  const config = await play(stage, "config", "show", "--origin", "-o", "json")
  expect(JSON.parse(config.out)).toContainEqual({
    key: "max_files",
    value: 99,
    origin: `${path}:1`,
    treatment: "enforced"
  })
  expect(config.err).toContain(`${path}:2: warning: 'max_queued' has no effect`)
  for (const shell of ["bash", "zsh", "fish"])
    expect(await outOf(stage, "completion", shell)).toContain("dumpxml")
  expect(existsSync(join(stage.root, "lock"))).toBe(false)
})
