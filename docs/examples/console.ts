// A guest's console: what it says, and one word to it. The letter `o` powers this guest off.
import { readFile } from "node:fs/promises"
import { Troupe } from "troupe"

await using troupe = await Troupe.open({ guests: "stop" })
const xml = await readFile("web.xml", "utf8")
// Its serial line goes to a terminal, so that it can be opened.
const web = await troupe.create(xml.replace(/<serial[\s\S]*<\/serial>/, "<serial type='pty'/>"))
await using line = await web.openConsole()

let said = ""
for await (const bytes of line) {
  said += new TextDecoder().decode(bytes)
  if (/tick \d+\r\n/.test(said)) break
}
console.log(`on ${line.device}:`, said.match(/tick \d+/)?.[0])
await line.write("o")
for await (const bytes of line) said += new TextDecoder().decode(bytes)
console.log("it ended:", await line.ended)
