// A program that dies does not take its guests along. Run it twice: the first one starts a guest and
// is killed in the middle of its work, the second one finds the guest running.
import { readFile } from "node:fs/promises"
import { Troupe } from "troupe"

await using troupe = await Troupe.open()
const [running] = await troupe.list({ isActive: true })

if (running === undefined) {
  const web = await troupe.create(await readFile("web.xml", "utf8"))
  console.log(`started ${web.name}, pid ${(await web.info()).pid}`)
  process.kill(process.pid, "SIGKILL")
} else {
  const web = await troupe.lookup(running.name)
  console.log(`adopted ${web.name}, pid ${(await web.info()).pid}`)
  await web.destroy()
}
