/**
 * `troupe validate`: what is wrong with definitions, and what is kept in them without being acted
 * on.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { validateDomain } from "../model/validate.ts"
import { startRefusal } from "../qemu/refusal.ts"
import { parseDomain } from "../xml/domain.ts"
import { decodeText } from "../xml/text.ts"
import { definitionBytesMax } from "../base/limits.ts"
import { Reported } from "./failure.ts"
import { readInput } from "./input.ts"
import { type Format, printData } from "./output.ts"
import { type Finding, lineOf, ofReport } from "./reports.ts"
import { Screen } from "./screen.ts"

/** An uuid for definitions that have none; nobody ever sees it. */
const anyUuid = "00000000-0000-4000-8000-000000000000"

const findingsIn = (bytes: Uint8Array): readonly Finding[] => {
  const parsed = Result.flatMap(decodeText(bytes), (text) => parseDomain(text, { uuid: anyUuid }))
  if (Result.isFailure(parsed)) {
    const { line, column, path, reason } = parsed.failure
    return [{ severity: "error", line, column, path, message: reason }]
  }
  const { domain, reports } = parsed.success
  const model = validateDomain(domain)
  const wrong: readonly Finding[] = Result.isFailure(model)
    ? [
        {
          severity: "error",
          line: undefined,
          column: undefined,
          path: model.failure.path,
          message: model.failure.reason
        }
      ]
    : []
  return [...wrong, ...reports.map(ofReport)]
}

const startability = (bytes: Uint8Array): boolean => {
  const parsed = Result.flatMap(decodeText(bytes), (text) => parseDomain(text, { uuid: anyUuid }))
  return Result.isSuccess(parsed) && startRefusal(parsed.success.domain) === undefined
}

/** Fails when a definition is wrong. One that is only refused at start is told so. */
export const validate = Effect.fnUntraced(function* (files: readonly string[], format: Format) {
  const screen = yield* Screen
  const results = yield* Effect.forEach(files, (file) =>
    Effect.map(readInput(file, definitionBytesMax), (bytes) => ({
      file,
      findings: findingsIn(bytes),
      canStart: startability(bytes)
    }))
  )
  const isBad = ({ findings }: (typeof results)[number]) =>
    findings.some(({ severity }) => severity === "error")
  if (format !== "table") yield* printData(format, results)
  else
    for (const result of results) {
      const { file, findings, canStart } = result
      for (const finding of findings) yield* screen.write(lineOf(file, finding, screen.paint))
      const verdict = isBad(result)
        ? screen.paint("bad", "is not valid")
        : canStart
          ? screen.paint("good", "is valid")
          : screen.paint("warn", "is valid, and would be refused at start")
      yield* screen.write(`${file} ${verdict}\n`)
    }
  if (results.some(isBad)) return yield* new Reported({ code: "input" })
})
