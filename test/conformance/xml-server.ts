/**
 * Answers conformance requests for XML: a line is a path, a tab and `inactive` or `active`; the
 * answer is one JSON object in one line, with the definition as it would be after being defined,
 * or the reason why it is refused. Standard input's end is the program's.
 */
import { readFileSync } from "node:fs"
import { basename, dirname } from "node:path"
import { createInterface } from "node:readline"
import * as Result from "effect/Result"
import { completeDomain } from "../../src/qemu/complete.ts"
import { formatDomain, type Parsed, parseDomain } from "../../src/xml/domain.ts"
import { decodeText } from "../../src/xml/text.ts"
import { fakeCapabilities } from "./fake-world.ts"
import { completeOptionsFor, kindOf, settingsOf, whyAbsent } from "./world.ts"

/** Of definitions that have none; the comparator takes any. */
const uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809"

/** libvirt's own tests define nothing; their machines have no other names, so that `pc` stays. */
const isFormatterTest = (path: string): boolean => basename(dirname(path)) === "xml"

const definedOf = (
  path: string,
  kind: "active" | "inactive"
): Result.Result<Parsed, { readonly message: string }> =>
  Result.gen(function* () {
    const text = yield* decodeText(readFileSync(path))
    const purpose = isFormatterTest(path) ? "reload" : "define"
    const parsed = yield* parseDomain(text, { kind, uuid, purpose })
    const { domain } = parsed
    const options = completeOptionsFor(kindOf(path), settingsOf(path))
    const pretended = isFormatterTest(path) ? fakeCapabilities(path, domain.os.machine) : undefined
    const capabilities = pretended ?? options.capabilities
    const completed = yield* completeDomain(domain, { ...options, capabilities })
    const { machine } = domain.os
    const isAsWritten = machine !== undefined && isFormatterTest(path)
    const os = isAsWritten ? { ...completed.os, machine } : completed.os
    return { ...parsed, domain: { ...completed, os } }
  })

const answer = (line: string): unknown => {
  const [path = "", mode = "inactive"] = line.split("\t")
  const kind = mode === "active" ? "active" : "inactive"
  const defined = definedOf(path, kind)
  if (Result.isFailure(defined)) return { error: defined.failure.message }
  const { domain, id } = defined.success
  return { xml: formatDomain(domain, { kind, ...(id === undefined ? {} : { id }) }) }
}

const absent = whyAbsent()
if (absent !== undefined) {
  console.error(absent)
  process.exit(1)
}
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(line))}\n`)
}
