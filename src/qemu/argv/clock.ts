/** The guest's clock: where it starts, what it follows, and its timers. */
import type { Domain } from "../../model/domain.ts"
import type { Clock, Timer } from "../../model/machine.ts"
import { hasProperty } from "../capabilities.ts"
import { type Arg, keyValues, type KeyValue } from "./arg.ts"
import type { ArgvContext, GuestArgs } from "./context.ts"

const timer = ({ timers }: Clock, name: Timer["name"]): Timer | undefined =>
  timers.find((one) => one.name === name)

const secondsPerDay = 86_400

/** `YYYY-MM-DDTHH:MM:SS` of seconds since 1970, UTC, without the host's calendar. */
export const utcText = (seconds: number): string => {
  const days = Math.floor(seconds / secondsPerDay)
  const rest = seconds - days * secondsPerDay
  const pad = (value: number, width = 2) => String(value).padStart(width, "0")
  const time = [Math.floor(rest / 3600), Math.floor((rest % 3600) / 60), rest % 60]
  const { year, month, day } = civil(days)
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${time.map((part) => pad(part)).join(":")}`
}

/**
 * Days since 1970 as a date of the proleptic Gregorian calendar; eras of 400 years begin in March.
 */
const civil = (days: number) => {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) /
      365
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * ofYear + 2) / 153)
  const day = ofYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}

const base = ({ domain, resources }: ArgvContext): string => {
  const { clock } = domain
  const { nowSeconds, localOffsetSeconds = 0 } = resources
  const adjustment = typeof clock.adjustment === "number" ? clock.adjustment : undefined
  switch (clock.offset) {
    case "utc":
      return adjustment === undefined ? "utc" : utcText(nowSeconds + adjustment)
    case "localtime":
    case "timezone":
      return "localtime"
    case "absolute":
      return utcText(clock.start ?? nowSeconds)
    case "variable": {
      const start = clock.basis === "localtime" ? nowSeconds + localOffsetSeconds : nowSeconds
      return utcText(start + (adjustment ?? 0))
    }
  }
}

const tracked: { readonly [T in NonNullable<Timer["track"]>]?: string } = {
  guest: "vm",
  wall: "host",
  realtime: "rt"
}

export const clock: GuestArgs = (context) => {
  const { clock } = context.domain
  const rtc = timer(clock, "rtc")
  const pairs: readonly KeyValue[] = [
    ["base", base(context)],
    ["clock", rtc?.track === undefined ? undefined : tracked[rtc.track]],
    ["driftfix", rtc?.tickpolicy === "catchup" ? "slew" : undefined]
  ]
  return [["-rtc", keyValues(undefined, pairs)], ...pit(context)]
}

const pit = ({ domain, capabilities }: ArgvContext): readonly Arg[] => {
  const policy = timer(domain.clock, "pit")?.tickpolicy
  if (policy === undefined || !hasProperty(capabilities, "kvm-pit", "lost_tick_policy")) return []
  return policy === "delay" || policy === "discard"
    ? [["-global", `kvm-pit.lost_tick_policy=${policy}`]]
    : []
}

/** Variables of QEMU's environment that the guest's clock needs: the zone that it is in. */
export const clockEnvironment = ({ clock }: Domain): { readonly [name: string]: string } =>
  clock.offset === "timezone" && clock.timezone !== undefined ? { TZ: clock.timezone } : {}
