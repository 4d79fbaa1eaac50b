/**
 * Goal: the simulated `Files` keeps the contract of the live one.
 * Method: the shared cases, each as an engine on a host of its own.
 */
import { filesCases } from "./files.cases.ts"
import { runOn, simulatedHost } from "./simulated-bench.ts"

filesCases({
  run: async (effect) => runOn(simulatedHost(), effect),
  makeDirectory: () => "/tmp"
})
