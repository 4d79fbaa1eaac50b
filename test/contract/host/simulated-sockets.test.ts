/**
 * Goal: the simulated `Sockets` keeps the contract of the live one, whatever comes first.
 * Method: the shared cases, each as an engine on a host of its own, the servers being processes:
 * first come first served, then in 30 other orders.
 */
import * as Effect from "effect/Effect"
import { describe, expect } from "vitest"
import type { SimulatedHost } from "../../../src/testing/host/host.ts"
import { choicesOf, runOn, simulatedHost } from "./simulated-bench.ts"
import type { Manner } from "./small-programs.ts"
import { socketsCases, type SocketsBench } from "./sockets.cases.ts"

type Use = Parameters<SocketsBench["run"]>[0]

/** A server that listens is told by its socket's node. */
const serveOn = (host: SimulatedHost) => (path: string, manner: Manner) =>
  Effect.gen(function* () {
    const server = host.birthplace.fork({ parent: 1, argv: ["/usr/bin/server", path, manner] })
    while (!host.disk.has(path)) yield* Effect.sleep(1)
    return () => void host.processes.signal(server, "SIGKILL")
  })

const runIn = (host: SimulatedHost, use: Use) => {
  host.disk.makeDirectory("/tmp/c", 0o700)
  const at = (name: string) => `/tmp/c/${name}`
  runOn(host, use({ at, serve: serveOn(host) }))
  expect(host.engines.map(({ descriptors }) => descriptors.held)).toEqual([[]])
}

socketsCases({ run: async (use) => runIn(simulatedHost(), use) })

describe("in other orders", () => {
  socketsCases({
    run: async (use) => {
      for (let seed = 1; seed <= 30; seed++) runIn(simulatedHost({}, choicesOf(seed)), use)
    }
  })
})
