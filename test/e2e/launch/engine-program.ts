/**
 * A small program with an engine, for tests that run it as somebody else or kill it: starts guests
 * of the files it is given, says in one line of JSON what became of each, and ends them when its
 * standard input ends.
 */
import { readFile } from "node:fs/promises"
import { Troupe } from "../../../src/index.ts"

const [root = "", ...files] = process.argv.slice(2)

await using troupe = await Troupe.open({ root })

const started = []
const told = []
for (const file of files) {
  const domain = await troupe.define(await readFile(file, "utf8"))
  try {
    await domain.start()
    started.push(domain)
    told.push({ file, xml: await domain.xml() })
  } catch (error) {
    told.push({ file, error: String(error) })
  }
}
process.stdout.write(`${JSON.stringify(told)}\n`)
process.stdin.resume()
await new Promise((resolve) => process.stdin.once("end", resolve))
for (const domain of started) await domain.destroy()
