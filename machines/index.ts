/** The registry of all charts by name: what the console, the exporters and the model tests read. */
import { configMachine } from "./config.ts"
import { domainMachine } from "./domain/domain.ts"
import { driverMachine } from "./driver.ts"
import { hostdevMachine } from "./hostdev.ts"

export const machines = {
  driver: driverMachine,
  config: configMachine,
  domain: domainMachine,
  hostdev: hostdevMachine
} as const
