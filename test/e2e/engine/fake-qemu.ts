/**
 * Emulators that misbehave, as programs: probes are answered by the real QEMU, guests get one that
 * dies, hangs or talks nonsense on the monitor socket that it inherits. Each is a shell script that
 * becomes Node; nothing of it knows the engine.
 */
import * as fs from "node:fs"
import { join } from "node:path"

export type Fault =
  /** Ends before anybody could connect, with a word on stderr. */
  | "dies"
  /** Takes the connection and never says a word. */
  | "mute"
  /** Greets and answers nothing. */
  | "hangs"
  /** Talks something that is not JSON. */
  | "garbage"
  /** A line that never ends. */
  | "endless"
  /** Answers commands that were never sent. */
  | "wrong-ids"
  /** Greets, closes the connection and lives on. */
  | "hangs-up"
  /** Behaves, and sends events without an end once its guest runs. */
  | "floods"
  /** Behaves, and ends while something it started keeps its connection open. */
  | "leaves-a-child"
  /** Behaves; the guest has powered off before `cont` is answered. */
  | "off-at-once"
  /** Behaves; ends right after `cont` was answered. */
  | "dies-at-once"

const program = `
import net from "node:net"
import { spawn } from "node:child_process"
const fault = process.argv[2]
const version = { qemu: { major: 7, minor: 2, micro: 0 }, package: "" }
const greeting = { QMP: { version, capabilities: [] } }
const at = { seconds: 1, microseconds: 0 }
if (fault === "dies") {
  process.stderr.write("fake: no room in the inn\\n")
  process.exit(3)
}
const serve = (socket) => {
  const say = (value) => socket.write(JSON.stringify(value) + "\\n")
  socket.on("error", () => {})
  if (fault === "mute") return
  if (fault === "garbage") return void socket.write("\\u0000\\u00ff this is no QMP {]\\n")
  if (fault === "endless") {
    const chunk = "x".repeat(1 << 20)
    const more = () => { while (socket.write(chunk)); socket.once("drain", more) }
    return more()
  }
  say(greeting)
  if (fault === "hangs") return
  if (fault === "hangs-up") return void socket.end()
  let text = ""
  socket.on("data", (bytes) => {
    text += bytes
    for (;;) {
      const end = text.indexOf("\\n")
      if (end === -1) return
      const { execute, id } = JSON.parse(text.slice(0, end))
      text = text.slice(end + 1)
      if (fault === "wrong-ids") return say({ return: {}, id: 4711 })
      if (execute === "cont") say({ event: "RESUME", data: {}, timestamp: at })
      if (execute === "cont" && fault === "off-at-once") {
        const off = [
          { event: "SHUTDOWN", data: { guest: true, reason: "guest-shutdown" }, timestamp: at },
          { event: "STOP", data: {}, timestamp: at }
        ]
        const words = [{ return: {}, id }, ...off].map((word) => JSON.stringify(word) + "\\n")
        socket.write(words.join(""))
        continue
      }
      say({ return: execute === "query-status" ? { status: "running", running: true } : {}, id })
      if (execute !== "cont") continue
      if (fault === "dies-at-once") process.exit(0)
      if (fault === "floods") flood(socket, say)
      if (fault === "leaves-a-child") {
        const stdio = ["ignore", "ignore", "ignore", socket]
        const child = spawn("sleep", ["30"], { detached: true, stdio })
        child.unref()
        setTimeout(() => process.exit(0), 200)
      }
    }
  })
}
const flood = (socket, say) => {
  const some = () => {
    for (let event = 0; event < 500; event++)
      if (!say({ event: "RTC_CHANGE", data: { offset: event, "qom-path": "/rtc" }, timestamp: at }))
        return socket.once("drain", some)
    setImmediate(some)
  }
  some()
}
net.createServer(serve).listen({ fd: 3 })
`

/** An emulator with this fault, in `directory`. */
export const fakeQemu = (directory: string, real: string, fault: Fault): string => {
  const script = join(directory, "fake.mjs")
  fs.writeFileSync(script, program)
  const path = join(directory, `qemu-${fault}`)
  const lines = [
    "#!/bin/sh",
    // Probes have a token of their own.
    `case "$*" in *.probe-*) exec ${real} "$@" ;; esac`,
    `exec ${process.execPath} ${script} ${fault} "$@"`
  ]
  fs.writeFileSync(path, `${lines.join("\n")}\n`, { mode: 0o755 })
  return path
}
