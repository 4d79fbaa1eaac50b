/** I31: a guest is the same to the next engine, and after a recovery that was cut off. */
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { domainTurn } from "./domain-turn.ts"
import { errnoFaults } from "./errno-faults.ts"
import { Held, poolTurn } from "./held.ts"
import { concernsDevices, devicesSeen, isAway } from "./host-devices.ts"
import { livingQemus } from "./living.ts"

/** What of a guest must not change from one engine to the next. */
interface Kept {
  readonly id: number
  readonly ports: string
  readonly devices: string
  readonly autoDestroy: string | undefined
}

const devicesHeld = (view: View, token: string): string => {
  const pools = view.life?.driver?.parts()?.pools
  return (pools === undefined ? [] : Object.values(pools))
    .flatMap((pool) => Object.entries(pool.holdings()))
    .flatMap(([device, holder]) => (holder.token === token ? [device] : []))
    .toSorted()
    .join(" ")
}

class Guests {
  private readonly kept = new Map<string, Kept>()
  private readonly held = new Held()

  see(turn: Turn, view: View): void {
    this.held.see(turn, view.life?.number)
    this.parted(turn)
    const mine = domainTurn(turn)
    if (mine?.message.type !== "started" || mine.record.outcome !== "taken") return
    const { epoch, id, autoDestroy } = mine.after.context
    if (epoch === undefined) return
    const token = `${mine.uuid}/${epoch}`
    this.kept.set(token, {
      id,
      ports: this.held.portsOf(token).join(" "),
      devices: devicesHeld(view, token),
      autoDestroy
    })
  }

  /** A guest that goes on has let one of them go. */
  private parted(turn: Turn): void {
    const message = poolTurn(turn)?.message
    if (message?.type !== "release" || message.device === undefined) return
    const kept = this.kept.get(message.token)
    if (kept === undefined) return
    const devices = kept.devices.split(" ").filter((device) => device !== message.device)
    this.kept.set(message.token, { ...kept, devices: devices.join(" ") })
  }

  changed(view: View): string | undefined {
    const parts = view.life?.driver?.parts()
    // A record that the disk did not give is a guest of which less is known.
    if (parts === undefined || errnoFaults(view)) return undefined
    for (const { uuid, epoch } of livingQemus(view)) {
      const token = `${uuid}/${epoch}`
      const was = this.kept.get(token)
      const { context } = parts.domains.byUuid(uuid)?.ref?.actor.published ?? {}
      if (was === undefined || context?.epoch !== epoch) continue
      const is: Kept = {
        id: context.id,
        ports: this.held.portsOf(token).join(" "),
        devices: devicesHeld(view, token),
        autoDestroy: context.autoDestroy
      }
      for (const key of ["id", "ports", "devices", "autoDestroy"] as const)
        if (was[key] !== is[key]) return `${token}: ${key} was '${was[key]}' and is '${is[key]}'`
    }
    return undefined
  }
}

/** Before a driver loses a device, it is remembered whose it was, and until it has it again. */
const unremembered = (view: View): string | undefined => {
  for (const seen of devicesSeen(view)) {
    const { address, home, driver, override, record } = seen
    if (record === undefined && isAway(seen))
      return `${address} is with ${driver}, meant for ${override}, and nothing is remembered of it`
    if (record !== undefined && record.original !== home.driver)
      return `${address} had driver ${home.driver}, and '${record.original}' is remembered`
  }
  return undefined
}

export const recoveryIdempotent: Invariant = {
  id: "I31",
  name: "RecoveryIdempotent",
  statement:
    "However often engines ended and recoveries were cut off, a guest that lives has the number, " +
    "the ports, the devices and the client that its start gave it; and of each device that is " +
    "away from its driver that driver is remembered, from before it is taken until it is back.",
  make: () => {
    const guests = new Guests()
    return {
      decided: (turn, view) => {
        guests.see(turn, view)
        return undefined
      },
      step: (view, label) => (concernsDevices(label) ? unremembered(view) : undefined),
      opened: (view) => guests.changed(view) ?? unremembered(view)
    }
  }
}
