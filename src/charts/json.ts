/**
 * What a machine bears as data (`meta`, parameters) as JSON. It is somebody's: it may hold itself,
 * be of any depth, and throw when it is read.
 */
import type { Json } from "./chart.ts"
import { printable } from "./printable.ts"

/** Something in the machine cannot be read; the message says what and where. */
export class UnreadableMachine extends Error {
  readonly _tag = "UnreadableMachine"
}

/** The same before it is known whose it is. */
class Unreadable extends Error {
  readonly key: string
  constructor(key: string, reason: unknown) {
    super(reason instanceof Error ? reason.message : String(reason))
    this.key = key
  }
}

/** Deeper data is no note on a state but a program's own. */
const depthMax = 20

/** Values in one piece of data, for what holds the same twice at every depth. */
const valuesMax = 10_000

class Reader {
  private left = valuesMax
  private readonly above = new Set<object>()
  private readonly keys: string[]

  constructor(name: string) {
    this.keys = [name]
  }

  read(value: unknown): Json | undefined {
    if (value === null || typeof value === "boolean" || typeof value === "string") return value
    if (typeof value === "number") return Number.isFinite(value) ? value : undefined
    if (typeof value !== "object") return undefined
    if (this.above.has(value)) return "(circular)"
    this.left -= 1
    if (this.above.size >= depthMax || this.left < 0) return "(and more)"
    this.above.add(value)
    const json = Array.isArray(value) ? this.list(value) : this.fields(value)
    this.above.delete(value)
    return json
  }

  private list(values: readonly unknown[]): Json {
    return values.map((_, at) => this.item(String(at), () => values[at]) ?? null)
  }

  private fields(value: object): Json {
    const keys = this.tried(() => Object.keys(value))
    return Object.fromEntries(
      keys.flatMap((key) => {
        const json = this.item(key, () => (value as { readonly [key: string]: unknown })[key])
        return json === undefined ? [] : [[key, json] as const]
      })
    )
  }

  private item(key: string, get: () => unknown): Json | undefined {
    this.keys.push(key)
    const json = this.read(this.tried(get))
    this.keys.pop()
    return json
  }

  /** A getter is the user's code. */
  private tried<A>(get: () => A): A {
    try {
      return get()
    } catch (error) {
      throw new Unreadable(this.keys.join("."), error)
    }
  }
}

/** Data as JSON; undefined for what is computed when the action runs. The name is for errors. */
export const jsonOf = (value: unknown, name = "data"): Json | undefined =>
  new Reader(name).read(value)

/** Says where it was that something could not be read. Throws `UnreadableMachine`. */
export function named<A>(place: string, read: () => A): A {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    const [key, reason] = [printable(error.key, 120), printable(error.message, 200)]
    throw new UnreadableMachine(`cannot read ${key} of ${place}: ${reason}`)
  }
}
