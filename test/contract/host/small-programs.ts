/**
 * The few commands that the shared cases run, for a simulated host: `true`, `sleep`, and a shell
 * that knows the words of those cases and refuses any other.
 */
import type { Program, Self, Stream } from "../../../src/testing/host/program.ts"

const seconds = (word: string | undefined): number => Number(word) * 1_000

const sleep = (self: Self, word: string | undefined): void => {
  self.after(seconds(word), () => self.exit(0))
}

/** The trap's word: what `exit` gives, as `trap 'exit 3' TERM` has it. */
const trap = (self: Self, code: string): void =>
  self.onSignal("SIGTERM", () => self.exit(Number(code)))

interface Line {
  readonly pattern: RegExp
  /** Whether the shell goes on with the next line. */
  readonly run: (self: Self, word: string) => boolean
}

const goOn =
  (deed: (self: Self, word: string) => void): Line["run"] =>
  (self, word) => {
    deed(self, word)
    return true
  }

const stay =
  (deed: (self: Self, word: string) => void): Line["run"] =>
  (self, word) => {
    deed(self, word)
    return false
  }

const lines: readonly Line[] = [
  { pattern: /^exit (\d+)$/, run: stay((self, code) => self.exit(Number(code))) },
  { pattern: /^echo (\w+)$/, run: goOn((self, text) => self.write(1, `${text}\n`)) },
  { pattern: /^trap 'exit (\d+)' TERM$/, run: goOn(trap) },
  { pattern: /^exec sleep ([\d.]+)$/, run: stay((self, word) => self.exec(["/bin/sleep", word])) },
  { pattern: /^exec "\$@"$/, run: stay((self) => self.exec(self.argv.slice(4))) },
  {
    pattern: /^sleep ([\d.]+) & exec sleep 100$/,
    run: stay((self, word) => {
      self.spawn(["/bin/sleep", word])
      self.exec(["/bin/sleep", "100"])
    })
  },
  { pattern: /^while :$/, run: stay((self) => void self.after(1e9, () => {})) }
]

const interpret = (self: Self, script: string): void => {
  for (const text of script.split(/; */)) {
    const line = lines.find(({ pattern }) => pattern.test(text))
    if (line === undefined) throw new Error(`the small shell does not know '${text}'`)
    if (!line.run(self, line.pattern.exec(text)?.[1] ?? "")) return
  }
  self.exit(0)
}

const shell: Program = {
  start: (self) => {
    const [, , script = ""] = self.argv
    interpret(self, script)
  }
}

/** How a served socket behaves. */
export type Manner = "echo" | "bye" | "flood" | "mute" | "deaf"

export const floodBytes = 4 * 1024 * 1024

const served = (client: Stream, manner: string): void => {
  if (manner === "deaf") return
  client.onData((bytes) => {
    if (manner === "echo") client.write(bytes)
  })
  if (manner === "bye") client.write(new TextEncoder().encode("bye"))
  if (manner === "flood") client.write(new Uint8Array(floodBytes))
  if (manner === "bye" || manner === "flood") client.close()
}

/** `server PATH MANNER` */
const server: Program = {
  start: (self) => {
    const [, path = "", manner = ""] = self.argv
    const fd = self.bind(path)
    const serve = (client: Stream) => {
      served(client, manner)
      self.accept(fd, serve)
    }
    self.accept(fd, serve)
  }
}

export const smallPrograms: ReadonlyMap<string, Program> = new Map([
  ["/bin/sh", shell],
  ["/bin/sleep", { start: (self: Self) => sleep(self, self.argv.at(-1)) }],
  ["/bin/true", { start: (self: Self) => self.exit(0) }],
  ["/usr/bin/server", server]
])
