/**
 * `troupe argv`: the command line with which QEMU would be started, one option a line, for reading
 * or for a shell. Asks QEMU what it can do, and starts no guest. Paths and ports that a start would
 * take are stood in for.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Ids } from "../base/ids.ts"
import { defaultArgvConfig, type GraphicsResources } from "../qemu/argv/context.ts"
import { buildArgv } from "../qemu/argv/argv.ts"
import { macsNeeded, prepareDomain } from "../qemu/complete.ts"
import { makeProber } from "../qemu/probe.ts"
import { firstRefusal } from "../qemu/refusal.ts"
import type { Domain } from "../model/domain.ts"
import { validateDomain } from "../model/validate.ts"
import { parseDomain } from "../xml/domain.ts"
import { Home } from "./home.ts"
import { readXml } from "./input.ts"
import { type Format, printData } from "./output.ts"
import { scratchDirectory } from "./scratch.ts"
import { Screen } from "./screen.ts"
import { tellReports } from "./reports.ts"

/** Where displays begin; a real start takes the lowest port that is free. */
const firstPort = 5900

const portsFor = ({ devices }: Domain): { readonly [position: number]: GraphicsResources } =>
  Object.fromEntries(
    devices
      .filter((device) => device.kind === "graphics")
      .map((_, position) => [position, { port: firstPort + position }])
  )

/** A definition as this host's QEMU would be given it. */
const prepared = Effect.fnUntraced(function* (definition: Domain, directory: string) {
  const { emulatorFor } = yield* Home
  const ids = yield* Ids
  const prober = yield* makeProber({
    scratchDirectory: directory,
    cacheDirectory: directory,
    root: yield* ids.uuid
  })
  const binary = definition.emulator ?? emulatorFor(definition.os.arch)
  const capabilities =
    definition.type === "kvm" ? yield* prober.withKvm(binary) : yield* prober.capabilities(binary)
  const macs = yield* Effect.all(Array.from({ length: macsNeeded(definition) }, () => ids.mac))
  const completed = prepareDomain(definition, {
    capabilities,
    macs,
    nvramDirectory: "/var/lib/troupe/lib/qemu/nvram",
    generationId: yield* ids.uuid
  })
  return { domain: yield* Effect.fromResult(completed), capabilities }
})

/** Each option with its values on one line. */
const optionsOf = (argv: readonly string[]): readonly string[] => {
  const lines: string[] = []
  for (const word of argv) {
    const isOption = /^-[a-zA-Z]/.test(word) || lines.length === 0
    if (isOption) lines.push(quoted(word))
    else lines.push(`${lines.pop() ?? ""} ${quoted(word)}`)
  }
  return lines
}

/** For a POSIX shell. */
const quoted = (word: string): string =>
  /^[A-Za-z0-9_/.,:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

export const argv = Effect.fnUntraced(function* (file: string, format: Format) {
  const screen = yield* Screen
  const text = yield* readXml(file)
  const uuid = yield* (yield* Ids).uuid
  const { domain, reports } = yield* Effect.fromResult(parseDomain(text, { uuid }))
  yield* tellReports(file, reports)
  const definition = yield* Effect.fromResult(validateDomain(domain))
  const refused = firstRefusal(definition)
  if (refused !== undefined) return yield* refused
  const live = yield* prepared(definition, yield* scratchDirectory)
  const words = yield* Effect.fromResult(
    buildArgv(live.domain, {
      capabilities: live.capabilities,
      config: defaultArgvConfig,
      resources: {
        stateDirectory: "/run/troupe/EPOCH",
        channelDirectory: "/run/troupe/EPOCH",
        shortName: "EPOCH",
        graphics: portsFor(live.domain),
        nowSeconds: Math.floor((yield* Clock.currentTimeMillis) / 1000)
      }
    })
  )
  if (format !== "table") return yield* printData(format, words)
  yield* screen.write(`${optionsOf(words).join(" \\\n  ")}\n`)
}, Effect.scoped)
