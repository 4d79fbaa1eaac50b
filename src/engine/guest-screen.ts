/**
 * A guest's screen and keyboard, its interrupt of last resort, and QEMU's own monitor, as callers
 * ask for them.
 */
import * as Effect from "effect/Effect"
import { GuestUnsupported } from "../model/guest-error.ts"
import { codesets, keysMax, qnumOf } from "../qemu/guest-keys.ts"
import { interrupt, pressKeys, screensOf, takePicture } from "../qemu/guest-screen.ts"
import { askHuman, askMachine, machineCommand } from "../qemu/guest-monitor.ts"
import type { Guest } from "./guest.ts"
import { writtenFile } from "./guest-file.ts"
import { asking, type GuestScope, invalid, telling } from "./guest-scope.ts"

/** A screen of 7680 x 4320 as PPM has 100 MB. */
const pictureBytesMax = 128 * 1024 * 1024

const screenshotOf = (scope: GuestScope): Guest["screenshot"] => {
  const operation = "take a picture of"
  return (number = 0) =>
    asking(scope)({ procedure: "domainScreenshot", operation }, (guest, place) =>
      Effect.gen(function* () {
        const { domain, live, ask } = guest
        const screens = screensOf(live)
        if (screens.length === 0)
          return yield* new GuestUnsupported({ domain, operation, why: "it has no video card" })
        const screen = screens[number]
        if (screen === undefined)
          return yield* invalid(domain, "screen", `it has ${screens.length}, and no ${number}`)
        const [mime, bytes] = yield* writtenFile(guest, place, {
          operation,
          name: "screen",
          bytesMax: pictureBytesMax,
          write: (path) => takePicture(ask, screen, path)
        })
        return { mime, bytes }
      })
    )
}

const sendKeyOf = (scope: GuestScope): Guest["sendKey"] => {
  const operation = "press keys of"
  return ({ codeset, keycodes, holdMs = 0 }) =>
    telling(scope)({ procedure: "domainSendKey", operation }, ({ domain, ask }) =>
      Effect.gen(function* () {
        if (!codesets.includes(codeset))
          return yield* invalid(domain, "codeset", `'${String(codeset)}' is none`)
        if (keycodes.length === 0 || keycodes.length > keysMax)
          return yield* invalid(domain, "keycodes", `must be 1 to ${keysMax}`)
        const qnums: number[] = []
        for (const code of keycodes) {
          const qnum = qnumOf(codeset, code)
          if (qnum === undefined)
            return yield* invalid(domain, "keycodes", `codeset ${codeset} has no key ${code}`)
          qnums.push(qnum)
        }
        yield* pressKeys(ask, qnums, holdMs)
      })
    )
}

const monitorCommandOf = (scope: GuestScope): Guest["monitorCommand"] => {
  const operation = "give a monitor command to"
  return (line, { isHuman = false } = {}) =>
    asking(scope)({ procedure: "qemuDomainMonitorCommand", operation }, ({ domain, ask }) =>
      Effect.gen(function* () {
        if (isHuman) return yield* askHuman(ask, line)
        const command = machineCommand(line)
        if ("why" in command) return yield* invalid(domain, "command", command.why)
        return yield* askMachine(ask, command)
      })
    )
}

export const screenOf = (
  scope: GuestScope
): Pick<Guest, "screenshot" | "sendKey" | "injectNmi" | "monitorCommand"> => ({
  screenshot: screenshotOf(scope),
  sendKey: sendKeyOf(scope),
  injectNmi: telling(scope)(
    { procedure: "domainInjectNMI", operation: "inject an NMI into" },
    ({ ask }) => interrupt(ask)
  ),
  monitorCommand: monitorCommandOf(scope)
})
