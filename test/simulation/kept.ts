/** Plans that once found something: `seeds/*.json`, each with what it found. All pass now. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Plan } from "../../src/testing/simulation/plan.ts"

const folder = join(import.meta.dirname, "seeds")

export interface Kept {
  /** The file's name, without `.json`. */
  readonly name: string
  /** What was wrong, in a sentence. */
  readonly found: string
  /** The law that said so, as `I16 KillConfirmed`. */
  readonly law: string
  /** Whose defect it was. */
  readonly where: "engine" | "simulation"
  readonly plan: Plan
}

export const keptPlans = (): readonly Kept[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .toSorted()
    .map((file) => ({
      name: file.slice(0, -".json".length),
      ...(JSON.parse(readFileSync(join(folder, file), "utf8")) as Omit<Kept, "name">)
    }))
