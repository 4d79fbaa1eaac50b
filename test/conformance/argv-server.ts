/**
 * Answers conformance requests for command lines: a line is the path of a definition, the answer
 * one JSON object in one line, with the words of QEMU's command line or the reason why it is
 * refused. Standard input's end is the program's.
 */
import { readFileSync } from "node:fs"
import { createInterface } from "node:readline"
import * as Result from "effect/Result"
import { validateDomain } from "../../src/model/validate.ts"
import { buildArgv, guestEnvironment } from "../../src/qemu/argv/argv.ts"
import { prepareDomain } from "../../src/qemu/complete.ts"
import { parseDomain } from "../../src/xml/domain.ts"
import { decodeText } from "../../src/xml/text.ts"
import {
  capabilitiesFor,
  completeOptionsFor,
  configFor,
  kindOf,
  resourcesFor,
  settingsOf,
  whyAbsent
} from "./world.ts"

/** Of definitions that have none; the comparator takes any. */
const uuid = "c7a5fdbd-edaf-9455-926a-d65c16db1809"

const argvOf = (path: string): Result.Result<readonly string[], { readonly message: string }> =>
  Result.gen(function* () {
    const kind = kindOf(path)
    const settings = settingsOf(path)
    const text = yield* decodeText(readFileSync(path))
    const { domain } = yield* parseDomain(text, { uuid })
    const valid = yield* validateDomain(domain)
    const prepared = yield* prepareDomain(valid, completeOptionsFor(kind, settings))
    const argv = yield* buildArgv(prepared, {
      capabilities: capabilitiesFor(kind),
      config: configFor(kind, settings),
      resources: resourcesFor(kind, prepared)
    })
    const environment = Object.entries(guestEnvironment(prepared, configFor(kind, settings)))
    return [...environment.map(([name, value]) => `${name}=${value}`), ...argv]
  })

const answer = (path: string): unknown => {
  const argv = argvOf(path)
  return Result.isFailure(argv) ? { error: argv.failure.message } : { argv: argv.success }
}

const absent = whyAbsent()
if (absent !== undefined) {
  console.error(absent)
  process.exit(1)
}
for await (const path of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(answer(path))}\n`)
}
