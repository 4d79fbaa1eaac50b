/**
 * Loads a user's file for its machines, as any program that imports it would: that runs it. What it
 * prints goes to standard error, for standard output is the chart's; how long it may take is
 * bounded, and what is wrong with it is told with its place.
 */
import { execFile } from "node:child_process"
import { Console } from "node:console"
import { dirname } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import { printable } from "./charts/printable.ts"
import { BadInput, NoSuchThing } from "./cli/failure.ts"

export interface Exports {
  readonly [name: string]: unknown
}

/** A file that waits for something at its top may have to; one that waits longer waits for ever. */
const loadMsMax = 20_000

/** The first line of what was thrown, with nothing in it that acts on a terminal. */
export const messageOf = (error: unknown): string =>
  printable((error instanceof Error ? error.message : String(error)).split("\n", 1).join(""), 400)

interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/**
 * Where Node says that a text is wrong: `FILE:LINE`, lines of the text, and signs below the column;
 * or where something was thrown, in a frame.
 */
function placeIn(text: string): Place | undefined {
  const [first = "", ...rest] = text.split("\n")
  const head = /^(?:file:\/\/)?(\/.*):(\d+)$/.exec(first)
  const mark = rest.slice(0, 6).find((line) => /^\s*\^+\s*$/.test(line))
  if (head !== null && mark !== undefined) {
    const [, file = "", line = ""] = head
    return { file, line: Number(line), column: mark.indexOf("^") + 1 }
  }
  const frames = text.matchAll(/(file:\/\/\/[^\s)]*):(\d+):(\d+)/g)
  const [frame] = [...frames].filter(([, url = ""]) => isUsers(url))
  if (frame === undefined) return undefined
  const [, url = "", line = "", column = ""] = frame
  return { file: fileURLToPath(url), line: Number(line), column: Number(column) }
}

/** Neither of a package nor ours: what a user can mend. */
const isUsers = (url: string): boolean =>
  !url.includes("/node_modules/") && !url.startsWith(dirname(import.meta.url))

/** The place of a JavaScript file's syntax error is only in what Node prints. */
const checked = (path: string): Promise<Place | undefined> =>
  new Promise((done) => {
    execFile(process.execPath, ["--check", path], { timeout: 5000 }, (_, __, told) =>
      done(placeIn(told))
    )
  })

async function placeOf(error: unknown, path: string): Promise<string> {
  if (!(error instanceof Error)) return ""
  const own = placeIn(error.stack ?? "")
  const place = own ?? (error instanceof SyntaxError ? await checked(path) : undefined)
  if (place === undefined) return ""
  const { file, line, column } = place
  const where = file === path ? "" : `'${printable(file, 200)}', `
  return ` (${where}line ${line}, column ${column})`
}

async function reasonOf(error: unknown, path: string): Promise<BadInput | NoSuchThing> {
  const message = messageOf(error)
  if (message.startsWith(`Cannot find module '${path}'`))
    return new NoSuchThing({ message: `there is no file '${path}'` })
  const place = await placeOf(error, path)
  return new BadInput({ message: `cannot load '${path}': ${message}${place}` })
}

/** With all that is printed on standard error; what a `console` prints later too. */
const quietly = <A, E>(use: Effect.Effect<A, E>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const { stdout, stderr } = process
      const { write } = stdout
      globalThis.console = new Console(stderr, stderr)
      stdout.write = stderr.write.bind(stderr)
      return write
    }),
    () => use,
    (write) =>
      Effect.sync(() => {
        process.stdout.write = write
      })
  )

/** What the file exports. */
export const exportsOf = (path: string, msMax = loadMsMax) =>
  quietly(
    Effect.tryPromise({
      try: (): Promise<Exports> => import(pathToFileURL(path).href),
      catch: (error) => error
    })
  ).pipe(
    Effect.catch((error) =>
      Effect.flatMap(
        Effect.promise(() => reasonOf(error, path)),
        Effect.fail
      )
    ),
    Effect.timeoutOrElse({
      duration: msMax,
      orElse: () =>
        Effect.fail(
          new BadInput({
            message: `cannot load '${path}': it waits at its top for more than ${msMax / 1000} s`
          })
        )
    })
  )
