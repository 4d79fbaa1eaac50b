/** The view that laws get of a run, over its parts. */
import type { Faults } from "../fault.ts"
import type { SimulatedHost } from "../host/host.ts"
import type { World } from "../world.ts"
import type { Lives } from "./lives.ts"
import type { Notes } from "./notes.ts"
import type { Plan } from "./plan.ts"
import type { View } from "./view.ts"

interface Parts {
  readonly plan: Plan
  readonly world: World
  readonly host: SimulatedHost
  readonly faults: Faults
  readonly lives: Lives
  readonly notes: Notes
}

export const viewOf = ({ plan, world, host, faults, lives, notes }: Parts): View => ({
  plan,
  world,
  host,
  faults,
  history: notes,
  get life() {
    return lives.life
  },
  get tick() {
    return notes.tick
  }
})
