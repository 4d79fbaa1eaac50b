/** The terminal that the program was started from, behind `Screen`; colours honour NO_COLOR. */
import { styleText } from "node:util"
import * as Effect from "effect/Effect"
import { Screen, type Style } from "./screen.ts"

const looks: { readonly [style in Style]: Parameters<typeof styleText>[0] } = {
  good: "green",
  bad: "red",
  warn: "yellow",
  calm: "cyan",
  head: ["bold", "underline"],
  faint: "gray",
  name: "bold"
}

/** A reader that went away is no failure of ours: what is left is not written. */
const writeTo = (stream: NodeJS.WriteStream) => (text: string | Uint8Array) =>
  Effect.callback<void>((resume) => {
    if (stream.destroyed || !stream.writable) return resume(Effect.void)
    stream.write(text, () => resume(Effect.void))
  })

const paintFor = (stream: NodeJS.WriteStream) => (style: Style, text: string) =>
  styleText(looks[style], text, { stream, validateStream: true })

/** Standard input as it is typed. What comes before it is read waits in its own buffer. */
const rawKeys = Effect.acquireRelease(
  Effect.sync(() => {
    const { stdin } = process
    stdin.on("error", () => {})
    if (stdin.isTTY) stdin.setRawMode(true)
    const next = Effect.callback<Uint8Array | undefined>((resume) => {
      const take = () => {
        const bytes: unknown = stdin.read()
        if (bytes instanceof Uint8Array) finish(bytes)
        else if (stdin.readableEnded || stdin.destroyed) finish(undefined)
      }
      const end = () => finish(undefined)
      const forget = () => void stdin.off("readable", take).off("end", end).off("close", end)
      const finish = (bytes: Uint8Array | undefined) => {
        forget()
        resume(Effect.succeed(bytes))
      }
      stdin.on("readable", take).on("end", end).on("close", end)
      take()
      return Effect.sync(forget)
    })
    return next
  }),
  () =>
    Effect.sync(() => {
      if (process.stdin.isTTY) process.stdin.setRawMode(false)
      process.stdin.pause()
    })
)

export interface LiveScreen {
  readonly screen: Screen["Service"]
  /** A signal came: tells who waits for it. False when nobody does. */
  readonly signalled: (signal: string) => boolean
}

type Listeners = Set<(signal: string) => void>

/** Waits for the next signal that these listeners are told of. */
const nextOf = (listeners: Listeners) =>
  Effect.callback<string>((resume) => {
    const tell = (signal: string) => {
      listeners.delete(tell)
      resume(Effect.succeed(signal))
    }
    listeners.add(tell)
    return Effect.sync(() => void listeners.delete(tell))
  })

export const makeScreen = (): LiveScreen => {
  const { stdout, stderr } = process
  const stopping: Listeners = new Set()
  const tracing: Listeners = new Set()
  for (const stream of [stdout, stderr]) stream.on("error", () => {})
  return {
    screen: {
      isTerminal: stdout.isTTY === true && process.env["TERM"] !== "dumb",
      // A terminal that does not know its size says 0.
      columns: () => stdout.columns || 80,
      rows: () => stdout.rows || 24,
      write: writeTo(stdout),
      writeBytes: writeTo(stdout),
      keys: rawKeys,
      warn: writeTo(stderr),
      paint: paintFor(stdout),
      paintWarning: paintFor(stderr),
      stopAsked: nextOf(stopping),
      traceAsked: nextOf(tracing)
    },
    signalled: (signal) => {
      const listeners = [...(signal === "SIGUSR2" ? tracing : stopping)]
      for (const tell of listeners) tell(signal)
      return listeners.length > 0
    }
  }
}
