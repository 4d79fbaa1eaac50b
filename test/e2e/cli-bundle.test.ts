/**
 * Goal: the command line as it is published, bundled into few files without its packages, does the
 * same as from a checkout: commands that are loaded when they are called load there too.
 * Method: a bundle made by the test, run on a definition and on a real guest.
 */
import { spawnSync } from "node:child_process"
import { join, resolve } from "node:path"
import { rolldown } from "rolldown"
import { expect, test } from "vitest"
import { setStage } from "./faces-stage.ts"

test("a bundle runs commands that need no engine, and ones that do", async () => {
  await using stage = setStage()
  const dir = join(stage.directory, "bundle")
  const input = resolve(import.meta.dirname, "../../src/start.ts")
  const bundle = await rolldown({ input, platform: "node", logLevel: "silent" })
  await bundle.write({ dir, format: "esm", entryFileNames: "troupe.mjs" })
  await bundle.close()
  const play = (...words: readonly string[]) =>
    spawnSync(process.execPath, [join(dir, "troupe.mjs"), ...words], {
      cwd: stage.directory,
      env: { ...process.env, TROUPE_ROOT: stage.root, NO_COLOR: "1" },
      encoding: "utf8",
      timeout: 30_000
    })
  expect(play("--version").stdout).toMatch(/^troupe v/)
  // As an older Node would say of itself; it must be told before anything that it does not know.
  const older =
    "data:text/javascript,Object.defineProperty(process.versions,'node',{value:'20.1.0'})"
  const words = ["--import", older, join(dir, "troupe.mjs"), "chart", "driver"]
  expect(spawnSync(process.execPath, words, { encoding: "utf8" })).toMatchObject({
    status: 7,
    stdout: "",
    stderr: "troupe: Node 24 or newer is needed; this is 20.1.0\n"
  })
  expect(play("chart", "driver")).toMatchObject({ status: 0, stderr: "" })
  stage.definition("web")
  expect(play("define", "web.xml")).toMatchObject({ status: 0, stderr: "" })
  expect(play("start", "web")).toMatchObject({ status: 0, stdout: "web is started\n" })
  expect(play("destroy", "web")).toMatchObject({ status: 0, stdout: "web is destroyed\n" })
})
