/** What is found in a definition, and how it is told: by line and column. */
import * as Effect from "effect/Effect"
import type { Report } from "../xml/reading.ts"
import { Screen } from "./screen.ts"

export interface Finding {
  readonly severity: "error" | "warning" | "note"
  readonly line: number | undefined
  readonly column: number | undefined
  readonly path: string
  readonly message: string
}

export const ofReport = ({ line, column, path, kind, consequence, sentence }: Report): Finding => ({
  severity: kind === "unknown" || consequence !== "none" ? "warning" : "note",
  line,
  column,
  path,
  message: sentence
})

export const lineOf = (
  file: string,
  finding: Finding,
  paint: Screen["Service"]["paint"]
): string => {
  const { severity, line, column, path, message } = finding
  const place = line === undefined ? file : `${file}:${line}:${column}`
  const style = severity === "error" ? "bad" : severity === "warning" ? "warn" : "faint"
  return `${place}: ${paint(style, severity)}: ${path === "" ? "" : `${path}: `}${message}\n`
}

/** What a definition says and what is not acted on, for commands that take it nevertheless. */
export const tellReports = Effect.fnUntraced(function* (file: string, reports: readonly Report[]) {
  const screen = yield* Screen
  for (const report of reports)
    yield* screen.warn(lineOf(file, ofReport(report), screen.paintWarning))
})
