/**
 * Goal: 200 guests that take and give back 1,000 devices at random, 100,000 times in all, never
 * have one at the same time, get all of what they ask for or nothing, and leave every device with
 * the driver that it had.
 * Method: the real pool over a simulated host whose kernel binds and unbinds; guests are fibers
 * whose order a random schedule decides. A plain map of who has what, kept by the guests, is asked
 * at each answer; pool, kernel and records are asked at the end. Some guests go all the way, so
 * that devices are on their way while others want them.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import { makePciPool } from "../../../actors/pci-pool.ts"
import { DriverTurns } from "../../../src/host/driver-write.ts"
import { Kernel } from "../../../src/kernel/kernel.ts"
import type { HostdevRecord } from "../../../src/store/hostdevs.ts"
import { manyCards } from "../../../src/testing/host/device-shapes.ts"
import { SimulatedHost } from "../../../src/testing/host/host.ts"
import { Draw } from "../../../src/testing/simulation/draw.ts"
import { uniform } from "../../../src/testing/strategy/uniform.ts"
import { World } from "../../../src/testing/world.ts"

const devicesCount = 1_000
const guestsCount = 200
const roundsEach = 500

/** Those that half of all wishes are for. */
const wantedCount = 30

/** One in so many goes to VFIO and back. */
const bindsEach = 100

/** Where the store would keep them, in memory. */
const makeRecords = () => {
  const records = new Map<string, HostdevRecord>()
  return {
    records,
    store: {
      writeHostdev: (record: HostdevRecord) =>
        Effect.sync(() => void records.set(record.device, record)),
      removeHostdev: (device: string) => Effect.sync(() => void records.delete(device)),
      readHostdev: (device: string) => Effect.sync(() => records.get(device))
    }
  }
}

const makeStage = (seed: number) => {
  const world = new World(uniform(seed), { stepsMax: 20_000_000 })
  const pci = manyCards(devicesCount)
  const host = new SimulatedHost(world, { devices: { pci } })
  const { records, store } = makeRecords()
  const { context } = host.engine("engine", () => {})
  const turns = new DriverTurns()
  const options = { store, context, turns, recalled: [] }
  const pool = makePciPool(new Kernel(world, world.context), options)
  return { world, host, records, pool, names: pci.map(({ address }) => address) }
}

type Stage = ReturnType<typeof makeStage>

interface Tally {
  taken: number
  busy: number
  bound: number
}

/** By what the guests were told: who has what. */
class Owners {
  private readonly owners = new Map<string, string>()

  takes(devices: readonly string[], token: string): void {
    for (const device of devices) {
      expect(this.owners.get(device), `${device} is given to ${token}`).toBeUndefined()
      this.owners.set(device, token)
    }
  }

  gives(devices: readonly string[]): void {
    for (const device of devices) this.owners.delete(device)
  }
}

/** As the host has it (`manyCards`), so that no turn goes to reading it. */
const groupOf = (device: string) => {
  const [, bus = "", slot = ""] = /^0000:(..):(..)/.exec(device) ?? []
  return { number: Number.parseInt(bus, 16) * 32 + Number.parseInt(slot, 16), mates: [] }
}

const guestOf = ({ pool, host, names }: Stage, owners: Owners, tally: Tally) => {
  const wanted = names.slice(0, wantedCount)
  const chosen = (chance: Draw): readonly string[] => [
    ...new Set(
      Array.from({ length: 1 + chance.below(3) }, () =>
        chance.among(chance.oneIn(2) ? wanted : names)
      )
    )
  ]
  const used = Effect.fnUntraced(function* (devices: readonly string[], token: string) {
    tally.bound++
    yield* pool.prepare(token)
    for (const device of devices) expect(host.pci.get(device)?.driver).toBe("vfio-pci")
  })
  return Effect.fnUntraced(function* (name: string, seed: number) {
    const chance = new Draw(seed)
    for (let round = 0; round < roundsEach; round++) {
      const devices = chosen(chance)
      const token = `${name}/${round}`
      const wishes = devices.map((device) => ({ device, isManaged: true, group: groupOf(device) }))
      const got = yield* Effect.result(
        pool.reserve(wishes, { uuid: name, name, epoch: `${round}`, token })
      )
      if (got._tag === "Failure") {
        tally.busy++
        expect(got.failure._tag).toBe("DeviceBusy")
        expect(devices.filter((device) => pool.holderOf(device)?.token === token)).toEqual([])
        continue
      }
      tally.taken++
      owners.takes(devices, token)
      if (chance.below(bindsEach) === 0) yield* used(devices, token)
      for (let turns = chance.below(6); turns >= 0; turns--) yield* Effect.yieldNow
      owners.gives(devices)
      yield* pool.release(token)
    }
  })
}

test("a hundred thousand reservations of a thousand devices by two hundred guests", () => {
  const stage = makeStage(1)
  const { world, host, pool, records } = stage
  const tally: Tally = { taken: 0, busy: 0, bound: 0 }
  const guest = guestOf(stage, new Owners(), tally)
  const fibers = Array.from({ length: guestsCount }, (_, index) =>
    world.fork(guest(`g${index}`, index))
  )
  world.drain()
  for (const fiber of fibers) expect(fiber.pollUnsafe()).toMatchObject({ _tag: "Success" })
  expect(tally.taken + tally.busy).toBe(guestsCount * roundsEach)
  expect(Math.min(tally.taken, tally.busy)).toBeGreaterThan(10_000)
  expect(tally.bound).toBeGreaterThan(100)
  expect(pool.holdings()).toEqual({})
  expect([...pool.entries()]).toEqual([])
  expect([...records]).toEqual([])
  const away = host.pci.standings.filter(
    ({ driver, override }) => driver !== "e1000e" || override !== undefined
  )
  expect(away).toEqual([])
}, 300_000)
