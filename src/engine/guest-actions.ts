/**
 * What becomes of a guest when it powers off, reboots or crashes, changed while it runs or for its
 * next start. The chart reads it when it happens; of a reboot QEMU has to know beforehand.
 */
import * as Effect from "effect/Effect"
import { type ActionValues, endsOnReboot } from "../../machines/domain/change.ts"
import { validateActions } from "../model/validate.ts"
import { setAction } from "../qmp/command.ts"
import type { Guest } from "./guest.ts"
import { affected, change, type GuestScope, reachIn } from "./guest-scope.ts"

const operation = "set a lifecycle action of"

const keyOf = { poweroff: "onPoweroff", reboot: "onReboot", crash: "onCrash" } as const

export const actionsOf = ({ perform, driver }: GuestScope): Pick<Guest, "setLifecycleAction"> => ({
  setLifecycleAction: (occasion, action, options) =>
    perform("domainSetLifecycleAction", (ref) =>
      Effect.gen(function* () {
        const values: ActionValues = { [keyOf[occasion]]: action }
        const { affects, live, config } = yield* affected(ref, operation, options)
        for (const definition of [live, config])
          if (definition !== undefined)
            yield* Effect.fromResult(validateActions({ ...definition, ...values }))
        const ends = live !== undefined && endsOnReboot({ ...live, ...values })
        if (live !== undefined && ends !== endsOnReboot(live)) {
          const { ask } = yield* reachIn(driver, ref, operation)
          yield* ask(setAction({ reboot: ends ? "shutdown" : "reset" }))
        }
        yield* change(ref, { type: "actions", affects, values })
      })
    )
})
