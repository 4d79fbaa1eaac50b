// Watch what happens to guests: first each as it is, then every event from that moment on.
import { readFile } from "node:fs/promises"
import { Troupe } from "troupe"

await using troupe = await Troupe.open({ guests: "stop" })
const web = await troupe.define(await readFile("web.xml", "utf8"))
const events = troupe.events({ withCurrent: true })

await web.start()
await web.suspend()
await web.resume()
await web.destroy()

for await (const event of events) {
  if (event.type === "current") console.log(`${event.name} is ${event.state}`)
  if (event.type !== "lifecycle") continue
  console.log(`${event.name}: ${event.event} (${event.detail})`)
  if (event.event === "stopped") break
}
