/** Every mutant, in the order of the zoo's classes. */
import { connections } from "./c13-connections.ts"
import { durability } from "./durability.ts"
import { endings } from "./c09-endings.ts"
import { events } from "./c06-events.ts"
import { hangs } from "./c11-hangs.ts"
import { held } from "./c03-held.ts"
import { hostDevices } from "./c08-devices.ts"
import { identity } from "./c02-identity.ts"
import { jobs } from "./c10-jobs.ts"
import type { Mutant } from "./mutant.ts"
import { phases } from "./c12-phases.ts"
import { registry } from "./c01-registry.ts"
import { resources } from "./c08-resources.ts"
import { restart } from "./c07-restart.ts"
import { stale } from "./c05-stale.ts"

export const mutants: readonly Mutant[] = [
  ...registry,
  ...identity,
  ...held,
  ...stale,
  ...events,
  ...restart,
  ...resources,
  ...hostDevices,
  ...endings,
  ...jobs,
  ...hangs,
  ...phases,
  ...connections,
  ...durability
]
