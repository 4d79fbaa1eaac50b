// From nothing to a running guest. `web.xml` is a definition as libvirt takes it. The guest goes on
// when this program ends; the next engine on the same root finds it.
import { readFile } from "node:fs/promises"
import { Troupe } from "troupe"

await using troupe = await Troupe.open()
const web = await troupe.define(await readFile("web.xml", "utf8"))
await web.start()
