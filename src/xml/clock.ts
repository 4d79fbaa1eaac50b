/** `<clock>` with its timers, the lifecycle actions, and `<pm>`. */
import type { Clock, PowerManagement, Timer } from "../model/machine.ts"
import { type Codec, integer, nonEmpty, oneOf, yesNo } from "./codec.ts"
import {
  attribute,
  child,
  children,
  fields,
  inside,
  orElse,
  required,
  type Sure,
  text
} from "./describe.ts"
import * as Result from "effect/Result"

const whole = integer({ max: 0xffffffff })

const timer = fields<Timer>({
  name: required(
    "name of the timer",
    attribute(
      "name",
      oneOf("platform", "pit", "rtc", "hpet", "tsc", "kvmclock", "hypervclock", "armvtimer")
    )
  ),
  present: attribute("present", yesNo),
  tickpolicy: attribute("tickpolicy", oneOf("delay", "catchup", "merge", "discard")),
  track: attribute("track", oneOf("boot", "guest", "wall", "realtime")),
  frequencyHz: attribute("frequency", integer()),
  mode: attribute("mode", oneOf("auto", "native", "emulate", "paravirt", "smpsafe")),
  catchup: child(
    "catchup",
    fields<NonNullable<Timer["catchup"]>>({
      threshold: attribute("threshold", whole),
      slew: attribute("slew", whole),
      limit: attribute("limit", whole)
    })
  )
})

const seconds = integer({ min: Number.MIN_SAFE_INTEGER })

const adjustment: Codec<number | "reset"> = {
  decode: (text) => (text === "reset" ? Result.succeed("reset") : seconds.decode(text)),
  encode: String
}

const clockFields = fields<Clock>({
  offset: orElse(
    attribute("offset", oneOf("utc", "localtime", "timezone", "variable", "absolute")),
    "utc"
  ),
  adjustment: attribute("adjustment", adjustment),
  basis: attribute("basis", oneOf("utc", "localtime")),
  timezone: attribute("timezone", nonEmpty),
  start: attribute("start", seconds),
  timers: children("timer", timer)
})

export const clock: Sure<Clock> = orElse(child("clock", clockFields), {
  offset: "utc",
  timers: []
})

const action = oneOf("destroy", "restart", "preserve", "rename-restart")
const crashAction = oneOf(
  "destroy",
  "restart",
  "preserve",
  "rename-restart",
  "coredump-destroy",
  "coredump-restart"
)

/** To be spread into the domain's fields. */
export const lifecycleActions = {
  onPoweroff: orElse(inside("on_poweroff", text(action)), "destroy"),
  onReboot: orElse(inside("on_reboot", text(action)), "restart"),
  onCrash: orElse(inside("on_crash", text(crashAction)), "destroy"),
  onLockfailure: inside("on_lockfailure", text(oneOf("poweroff", "restart", "pause", "ignore")))
} as const

const suspend = (name: string) => inside(name, attribute("enabled", yesNo))

export const pm = child(
  "pm",
  fields<PowerManagement>({
    suspendToMem: suspend("suspend-to-mem"),
    suspendToDisk: suspend("suspend-to-disk")
  })
)
