/** A QEMU that does not die at once: what it holds is not free before it is dead. */
import { type Run, planOf, story, upTo, withEach } from "./story.ts"

const kills = planOf(
  [
    [
      { call: "start", domain: 0 },
      { call: "destroy", domain: 0 },
      { call: "start", domain: 0 },
      { call: "start", domain: 1 },
      { call: "destroy", domain: 0, afterMs: 5000 },
      { call: "start", domain: 0, afterMs: 60_000 }
    ],
    [
      { call: "start", domain: 1, afterMs: 100 },
      { call: "start", domain: 1, afterMs: 20_000 }
    ]
  ],
  { domains: 2 }
)

const isTogether = (one: Run, other: Run): boolean =>
  one !== other && one.startedAt < other.endedAt && other.startedAt < one.endedAt

export const aliveAfterKill = story({
  name: "alive after kill",
  zoo: ["Z094"],
  orders: 6,
  plans: () => [
    ...withEach(kills, { seam: "signal", fault: "stuck" }, upTo(3)),
    ...withEach(kills, { seam: "qmp", fault: "hang" }, upTo(8))
  ],
  oracle: ({ runs }) => {
    // Both slots want the one device; neither may have two processes either.
    const clash = runs.find((one) => runs.some((other) => isTogether(one, other)))
    return clash === undefined ? undefined : `QEMU ${clash.pid} had the device beside another`
  }
})
