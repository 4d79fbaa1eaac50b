/**
 * Owns every host PCI device: which domain, in which of its starts, has each, and on which driver
 * each is. Names devices by their address `0000:03:00.0`. Reads which functions are of one IOMMU
 * group, for those go to one guest. Never talks to QEMU.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { DriverTurns } from "../src/host/driver-write.ts"
import { Files } from "../src/host/files.ts"
import { pciDrivers } from "../src/host/pci-driver.ts"
import type { Processes } from "../src/host/process.ts"
import type { Kernel } from "../src/kernel/kernel.ts"
import { groupProblem, groupUse, matesOf, type Taken } from "../src/node/hostdev-group.ts"
import type { Standings } from "../src/node/hostdev-nested.ts"
import type { HostdevRecord } from "../src/store/hostdevs.ts"
import { type DeviceWish, makePool, type Pool } from "./host-device-pool.ts"
import { type PciGround, pciScripts } from "./pci-binding.ts"
import { makeStrangers } from "./pci-strangers.ts"

export interface PciPoolOptions {
  readonly store: PciGround["store"]
  readonly context: Context.Context<Files | Processes>
  readonly turns: DriverTurns
  /** What an engine before us had taken from its driver. */
  readonly recalled: readonly HostdevRecord[]
  /** Of all kinds. Absent: there are no others than these. */
  readonly standings?: Standings
}

const withGroup = (wish: DeviceWish) =>
  wish.group === undefined
    ? Effect.map(matesOf(wish.device), (group) => (group ? { ...wish, group } : wish))
    : Effect.succeed(wish)

export const makePciPool = (kernel: Kernel, options: PciPoolOptions): Pool => {
  const { store, context, recalled, turns, standings = () => [] } = options
  const taken: Taken = (kind, device) => (kind === "pci" ? pool.holderOf(device) : undefined)
  const strangers = makeStrangers()
  const pool: Pool = makePool(kernel, {
    kind: "pci",
    bound: {
      scripts: pciScripts({ drivers: pciDrivers, turns, store, taken, standings, strangers }),
      context,
      isMovable: true
    },
    recalled
  })
  // Once it is reserved no mate goes back to its driver; one that had just done so is seen.
  const areApart = Effect.fnUntraced(function* (wishes: readonly DeviceWish[], guest: string) {
    const names = wishes.map(({ device }) => device)
    for (const { device, group } of wishes) {
      if (group === undefined || group.mates.length === 0) continue
      const problem = yield* groupProblem(device, { wishes: names, guest, taken })
      if (problem !== undefined) return yield* problem
    }
  })
  const giveUp = (wishes: readonly DeviceWish[], token: string) =>
    Effect.forEach(wishes, ({ device }) => pool.release(token, device), { discard: true })
  // What an earlier engine had taken, and neither it nor a mate of it is a guest's.
  const lost = Effect.suspend(() => {
    const unknown = [...pool.entries()].filter(([, { state }]) => state === "unknown")
    const isFree = (device: string) =>
      Effect.map(groupUse(device, taken), (use) => use === undefined)
    return Effect.filter(
      unknown.map(([device]) => device),
      isFree
    )
  })
  return {
    ...pool,
    settle: Effect.flatMap(lost, strangers.look).pipe(
      Effect.provideContext(context),
      Effect.andThen(pool.settle)
    ),
    reserve: (wishes, holder) =>
      Effect.forEach(wishes, withGroup).pipe(
        Effect.tap((grouped) => pool.reserve(grouped, holder)),
        Effect.flatMap((grouped) =>
          Effect.tapError(areApart(grouped, holder.uuid), () => giveUp(grouped, holder.token))
        ),
        Effect.provide(Context.pick(Files)(context))
      )
  }
}
