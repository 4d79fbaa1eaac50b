// A guest that starts with the engine. Two engines here, one after the other, on one root.
import { readFile } from "node:fs/promises"
import { Troupe } from "troupe"

{
  await using first = await Troupe.open()
  const web = await first.define(await readFile("web.xml", "utf8"))
  await web.setAutostart(true)
  console.log("defined, and off:", (await web.summary()).state)
}

await using second = await Troupe.open({ guests: "stop" })
const web = await second.lookup("web")
await web.waitFor("running", { timeoutMs: 30_000 })
console.log("started by the engine:", (await web.info()).reason)
