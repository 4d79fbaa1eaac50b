// A program with guests of its own that virsh can look at: it serves libvirt's RPC from its engine.
import { readFile } from "node:fs/promises"
import { Troupe } from "troupe"

await using troupe = await Troupe.open({ guests: "stop" })
await troupe.create(await readFile("web.xml", "utf8"))
await using server = await troupe.serve({ socketDirectory: "sockets" })

console.log(`virsh -c 'qemu+unix:///system?socket=${server.addresses[0]}' list`)
// Until it is told to end; `await using` lets calls under way end, and closes the engine.
await new Promise((end) => process.once("SIGTERM", end))
