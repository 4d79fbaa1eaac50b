/**
 * Answers conformance requests for XML: a line is a path, a tab and `inactive` or `active`; the
 * answer is one JSON object in one line, with the definition as Troupe would write it or the reason
 * why it is refused. Standard input's end is the program's.
 */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import * as Result from "effect/Result"
import { formatDomain, parseDomain } from "../../src/xml/domain.ts"
import { decodeText } from "../../src/xml/text.ts"

function answer(line: string): unknown {
  const [path = "", mode = "inactive"] = line.split("\t")
  const kind = mode === "active" ? "active" : "inactive"
  const parsed = Result.flatMap(decodeText(readFileSync(path)), (text) =>
    parseDomain(text, { kind, uuid: "c7a5fdbd-edaf-9455-926a-d65c16db1809" })
  )
  if (Result.isFailure(parsed)) return { error: parsed.failure.message }
  return { xml: formatDomain(parsed.success.domain, { kind }) }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`)
}
