/**
 * QEMU without an engine: the same command line, spawned and driven by the least code that does it.
 * The limit that the engine is measured against. Run as a program it starts many at once and says
 * when each was running, so that its work is not on the measured process's event loop.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, renameSync, rmSync } from "node:fs"
import net from "node:net"

export interface BareTimes {
  /** From the spawn to the answer to `cont`. */
  readonly startMs: number
  /** From SIGTERM to the exit seen. */
  readonly stopMs: number
}

export interface BareGuest {
  readonly startMs: number
  readonly stop: () => Promise<number>
}

const monitorWords = [
  "-chardev",
  "socket,id=bare,fd=3,server=on,wait=off",
  "-mon",
  "chardev=bare,mode=control"
]

/** Waits for the line that answers the command with this id. */
const answers = (socket: net.Socket) => {
  let buffered = ""
  const waiting = new Map<number, () => void>()
  socket.setEncoding("utf8").on("data", (text: string) => {
    buffered += text
    for (let end = buffered.indexOf("\n"); end >= 0; end = buffered.indexOf("\n")) {
      const line = JSON.parse(buffered.slice(0, end)) as { readonly id?: number }
      buffered = buffered.slice(end + 1)
      if (line.id !== undefined) waiting.get(line.id)?.()
    }
  })
  return (execute: string, id: number) =>
    new Promise<void>((resolve) => {
      waiting.set(id, resolve)
      socket.write(`${JSON.stringify({ execute, id })}\n`)
    })
}

const listenAt = async (path: string) => {
  const server = net.createServer()
  server.listen({ path: `${path}.tmp`, backlog: 1 })
  await once(server, "listening")
  return server
}

/** Starts one guest; running when this resolves. `argv` is without a monitor. */
export const startBare = async (argv: readonly string[], path: string): Promise<BareGuest> => {
  const begun = performance.now()
  const server = await listenAt(path)
  const handle = (server as unknown as { readonly _handle: number })._handle
  const [command = "", ...words] = argv
  const child: ChildProcess = spawn(command, [...words, ...monitorWords], {
    stdio: ["ignore", "ignore", "ignore", handle],
    detached: true
  })
  renameSync(`${path}.tmp`, path)
  server.close()
  const socket = net.connect(path)
  socket.on("error", () => {})
  const ask = answers(socket)
  const died = once(child, "exit").then(([code]) => {
    throw new Error(`bare QEMU ended with ${code}`)
  })
  // Lost races are not errors: a guest that was running ends when it is told to.
  died.catch(() => {})
  await Promise.race([ask("qmp_capabilities", 1), died])
  await Promise.race([ask("cont", 2), died])
  const startMs = performance.now() - begun
  const stop = async () => {
    const ordered = performance.now()
    child.kill("SIGTERM")
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
    socket.destroy()
    rmSync(path, { force: true })
    return performance.now() - ordered
  }
  return { startMs, stop }
}

/** The command line with a disk of this guest's own, copied from `model`'s. */
export const withOwnFiles = (argv: readonly string[], model: string, own: string) => {
  copyFileSync(`${model}.img`, `${own}.img`)
  return argv.map((word) => word.replaceAll(`${model}.img`, `${own}.img`))
}

/** `node bare.ts DIR COUNT` with the command line as JSON on standard input. */
const main = async () => {
  const [, , directory = "", count = "1"] = process.argv
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const argv = JSON.parse(Buffer.concat(chunks).toString()) as string[]
  const begun = performance.now()
  const paths = Array.from({ length: Number(count) }, (_, index) => `${directory}/b${index}`)
  const guests = await Promise.all(
    paths.map((path) => startBare(withOwnFiles(argv, `${directory}/0`, path), path))
  )
  const wallMs = performance.now() - begun
  await Promise.all(guests.map((guest) => guest.stop()))
  process.stdout.write(
    `${JSON.stringify({ wallMs, each: guests.map(({ startMs }) => startMs) })}\n`
  )
}

if (import.meta.main) await main()
