/**
 * What a reservation of host devices costs in memory, among 1,000 devices of which 200 guests have
 * some: one device, four, one that somebody else has, and a token given back. A plain script, run
 * by node, not a timed test: it prints a table and one line of JSON. The goal is 50 us a call.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { makePool } from "../../actors/host-device-pool.ts"
import { nodeDispatcher } from "../../src/kernel/dispatcher.live.ts"
import { Kernel } from "../../src/kernel/kernel.ts"
import { Draw } from "../../src/testing/simulation/draw.ts"

const devices = 1_000
const guests = 200
const rounds = 9
const callsEach = 5_000
const goalUs = 50

const nameOf = (index: number): string => `0000:${index >> 5}:${index & 31}.0`
const holderOf = (token: string) => ({ uuid: token, name: token, epoch: "1.1", token })
const wishes = (names: readonly string[]) => names.map((device) => ({ device, isManaged: true }))

const pool = makePool(new Kernel(nodeDispatcher(), Context.empty()), { kind: "usb" })
const chance = new Draw(1)

/** Guests have the first half, two or three each; the other half is free. */
const taken = devices / 2
for (let guest = 0; guest < guests; guest++) {
  const mine = Array.from({ length: taken }, (_, at) => at).filter((at) => at % guests === guest)
  await Effect.runPromise(pool.reserve(wishes(mine.map(nameOf)), holderOf(`g${guest}`)))
}

const free = () => nameOf(taken + chance.below(taken))

/** Of four devices none is asked for twice. */
const four = () => {
  const from = taken + chance.below(taken - 4)
  return [0, 1, 2, 3].map((more) => nameOf(from + more))
}

const holder = holderOf("asker")
const release = Effect.ignore(pool.release(holder.token))
const reserve = (names: readonly string[]) => Effect.ignore(pool.reserve(wishes(names), holder))

/** Each of the pair is measured alone, for a pool has to be as it was before the next one. */
const cases: readonly {
  readonly what: string
  readonly work: () => Effect.Effect<void>
  readonly after: Effect.Effect<void>
}[] = [
  { what: "one device", work: () => reserve([free()]), after: release },
  { what: "four devices", work: () => reserve(four()), after: release },
  {
    what: "one that is taken",
    work: () => reserve([nameOf(chance.below(taken))]),
    after: Effect.void
  }
]

const timeOf = (work: () => Effect.Effect<void>, after: Effect.Effect<void>) =>
  Effect.runPromise(
    Effect.gen(function* () {
      let ofWork = 0
      let ofAfter = 0
      for (let call = 0; call < callsEach; call++) {
        const begun = performance.now()
        yield* work()
        const between = performance.now()
        yield* after
        ofWork += between - begun
        ofAfter += performance.now() - between
      }
      return { work: (ofWork * 1000) / callsEach, after: (ofAfter * 1000) / callsEach }
    })
  )

const best = (values: readonly number[]): number => Math.min(...values)
const medianOf = (values: readonly number[]): number =>
  values.toSorted((one, other) => one - other)[values.length >> 1] ?? Number.NaN

const rows: { readonly what: string; readonly bestUs: number; readonly medianUs: number }[] = []
for (const { what, work, after } of cases) {
  await timeOf(work, after)
  const times: Awaited<ReturnType<typeof timeOf>>[] = []
  for (let round = 0; round < rounds; round++) times.push(await timeOf(work, after))
  const row = (name: string, values: readonly number[]) =>
    rows.push({ what: name, bestUs: best(values), medianUs: medianOf(values) })
  row(
    `reserve ${what}`,
    times.map((time) => time.work)
  )
  if (after === release)
    row(
      `release ${what}`,
      times.map((time) => time.after)
    )
}
for (const { what, bestUs, medianUs } of rows)
  console.log(`${what.padEnd(28)} best ${bestUs.toFixed(1)} us, median ${medianUs.toFixed(1)} us`)
const isMet = rows.every(({ bestUs }) => bestUs <= goalUs)
console.log(JSON.stringify({ goalUs, isMet, devices, guests, rows }))
