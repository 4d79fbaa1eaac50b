/**
 * Goal: a name is a name: whatever characters it has, it is no option of QEMU, no path and no
 * markup, and it is the same in file, command line, QMP, status and after another engine has read
 * it.
 * Method: real QEMU, which is asked for its name over QMP.
 */
import * as fs from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import * as Domain from "../../../actors/domain/domain.ts"
import * as Changes from "../../../actors/driver/changes.ts"
import { type Engine, onBench, onEngine, outcome, parse, pidOf, tagOf } from "./harness.ts"
import { commandLine } from "./processes.ts"

const names = [
  "a,b=c",
  ",,process=evil,debug-threads=off",
  "-rf",
  "two words",
  'it\'s "quoted"',
  "<b>&amp;'",
  "%2e%2e%41",
  "..hidden",
  ".dot",
  "名前",
  "Ünïcødé 🐧",
  "e\u0301 and é",
  "\u202etxet",
  "$(reboot) `id` ; \\",
  "x".repeat(240),
  "字".repeat(80)
]

const nameInQemu = (engine: Engine, ref: Domain.DomainRef): Promise<unknown> => {
  const monitor = ref.belongings.find(Domain.view(ref).context.epoch)?.monitor
  if (monitor === undefined) throw new Error("it has a monitor")
  return engine.run(monitor.execute({ execute: "query-name" }))
}

test.each(names)("'%s' is safe everywhere", (name) =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const ref = await engine.define(bench.guest(name).definition)
    await engine.start(ref)
    expect(await nameInQemu(engine, ref)).toEqual({ name })
    // One word of the command line holds it, and no other word was made of it.
    const words = commandLine(pidOf(ref))
    expect(words.filter((word) => word === "-rf" || word.includes("process=evil,d"))).toEqual([])
    await engine.close()
    const next = await bench.open()
    expect(next.driver.problems()).toEqual([])
    expect(next.names()).toEqual([name])
    const found = await next.lookUp(name)
    expect(pidOf(found)).toBe(pidOf(ref))
    await next.destroy(found)
    const files = fs.readdirSync(join(bench.root, "etc/qemu"))
    expect(files).toHaveLength(2)
    // Nothing was made outside of the places for it.
    expect(fs.readdirSync(bench.directory).toSorted()).toHaveLength(3)
  })
)

test.each(["a/b", "../x", "/etc/passwd", ".", "..", "a\nb", "a\u0000b", "", " ", "x".repeat(241)])(
  "%j is refused as a name",
  (name) =>
    onEngine(async (engine, bench) => {
      const { definition, xml } = bench.guest("web")
      const ref = await engine.define(definition)
      expect(() => parse(xml.replace("web", name.replace("\u0000", "&#0;")))).toThrow()
      const renamed = await outcome(
        engine.call((parts) => Effect.asVoid(Changes.rename(parts, ref, name)))
      )
      expect(tagOf(renamed)).toBe("InvalidDomain")
      expect(engine.names()).toEqual(["web"])
    })
)

test("names that differ in case or in composition are two domains", () =>
  onBench(async (bench) => {
    const engine = await bench.open()
    const all = ["Web", "web", "\u00e9", "e\u0301", "a%b", "a%25b"].toSorted()
    for (const name of all) await engine.define(bench.guest(name).definition)
    await engine.close()
    expect((await bench.open()).names()).toEqual(all)
  }))
