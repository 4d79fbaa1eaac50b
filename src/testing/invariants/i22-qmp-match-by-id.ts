/** I22: an answer belongs to the command whose id it has, read here from the bytes once more. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Invariant } from "../simulation/view.ts"
import { isOver, type MonitorTurn, monitorTurn } from "./monitor-turn.ts"

const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** The id in a line that is an answer; `undefined` for one without an id. */
const answerIn = (line: string): { readonly id: unknown } | undefined => {
  // Most lines of a flood are events: they are not read twice.
  if (!line.includes('"return"') && !line.includes('"error"')) return undefined
  const json = decodeJson(line)
  const value = Result.isSuccess(json) ? json.success : undefined
  if (typeof value !== "object" || value === null) return undefined
  if (!("return" in value) && !("error" in value)) return undefined
  return { id: "id" in value ? value.id : undefined }
}

/** The bytes of one connection: its lines, however they were split. */
class Reader {
  private readonly decoder = new TextDecoder()
  private rest = ""

  lines(bytes: Uint8Array): readonly string[] {
    const parts = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n")
    this.rest = parts.pop() ?? ""
    return parts
  }
}

interface Connection {
  readonly reader: Reader
  readonly state: unknown
}

const check = ({ record, before, after }: MonitorTurn, lines: readonly string[]) => {
  const isFaulty = isOver(after)
  const ids = new Set<unknown>()
  for (const answer of lines.flatMap((line) => answerIn(line) ?? [])) {
    const isKnown = typeof answer.id === "number" && before.session.inFlight.has(answer.id)
    if (isKnown && !ids.has(answer.id)) ids.add(answer.id)
    else if (!isFaulty) return `${record.actor} goes on after an answer to ${String(answer.id)}`
  }
  if (isFaulty) return undefined
  for (const [id, { command }] of before.waiting)
    if (after.waiting.has(id) === ids.has(id)) {
      const told = ids.has(id) ? "answered" : "not answered"
      return `${record.actor}: '${command}' has id ${id}, which was ${told}`
    }
  return undefined
}

export const qmpMatchById: Invariant = {
  id: "I22",
  name: "QmpMatchById",
  statement:
    "A command is answered when and only when QEMU's words with its id have come; words with no " +
    "id, an unknown one or a used one end the connection.",
  make: () => {
    const connections = new Map<string, Connection>()
    return {
      decided: (turn) => {
        const mine = monitorTurn(turn)
        if (mine === undefined) return undefined
        const { record, message, before, after } = mine
        const there = connections.get(record.actor)
        // Another connection under the same name begins with another state.
        const reader = there?.state === before ? there.reader : new Reader()
        connections.set(record.actor, { reader, state: after })
        const { bytes } = message
        if (message.type !== "bytes" || bytes === undefined || isOver(before)) return undefined
        return check(mine, reader.lines(bytes))
      }
    }
  }
}
