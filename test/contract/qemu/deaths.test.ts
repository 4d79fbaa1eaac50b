/**
 * Goal: what QEMU cannot start with ends the simulated one as it ends the real one: same words,
 * same exit code, and the same for who had connected.
 * Method: bad command lines, given to both.
 */
import { expect, test } from "vitest"
import { until, withRealQemu } from "./real-qemu.ts"
import { Bench } from "../../unit/testing/qemu/bench.ts"

const missing = '{"driver":"file","filename":"/no/such/disk","node-name":"disk"}'

const deaths: readonly (readonly [string, readonly string[]])[] = [
  ["a disk that is not there", ["-machine", "pc,accel=tcg", "-S", "-blockdev", missing]],
  ["a machine that it does not have", ["-machine", "nope", "-S"]],
  ["an option that it does not have", ["-machine", "none", "-nope"]]
]

test.each(deaths)("%s", async (_name, words) => {
  const bench = new Bench([], { words })
  const client = bench.connect()
  bench.world.drain()
  expect(client.lines).toEqual([])
  await withRealQemu({ words }, async (real) => {
    await until("its death", () => real.exit() !== undefined && real.words().endsWith("\n"))
    expect(bench.log).toBe(real.words())
    expect(bench.exit).toBe(real.exit())
  })
})
