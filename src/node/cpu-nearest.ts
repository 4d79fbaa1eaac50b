/**
 * Spells a set of processor features as a named model with what it has more and what it lacks:
 * how clients want to read a processor. Pure.
 */
import type { ModelFeatures } from "../qemu/probe-models.ts"
import type { CpuFacts } from "./cpu-names.ts"

export interface SpelledCpu {
  readonly model: ModelFeatures
  /** On, and not in the model. Sorted. */
  readonly more: readonly string[]
  /** Off, although the model has them. Sorted. */
  readonly less: readonly string[]
}

export interface Choice {
  /** Only models that the processor has whole. */
  readonly isWhole?: boolean
  /** Names that win among equally near ones. */
  readonly preferred?: readonly string[]
}

/** `EPYC-v2`: the plain name is the same model, and the one that clients know. */
const isVersioned = ({ name }: ModelFeatures): boolean => /-v\d+$/.test(name)

const spell = (cpu: CpuFacts, model: ModelFeatures): SpelledCpu => {
  const own = new Set(model.features)
  return {
    model,
    more: [...cpu.features].filter((feature) => !own.has(feature)).toSorted(),
    less: model.features.filter((feature) => !cpu.features.has(feature))
  }
}

/** Fewest words first; then what is preferred, then by name, so that the answer is always one. */
const byDistance =
  (preferred: readonly string[]) =>
  (left: SpelledCpu, right: SpelledCpu): number => {
    const words = ({ more, less }: SpelledCpu) => more.length + less.length
    const rank = ({ model }: SpelledCpu) => (preferred.includes(model.name) ? 0 : 1)
    return (
      words(left) - words(right) ||
      rank(left) - rank(right) ||
      (left.model.name < right.model.name ? -1 : 1)
    )
  }

/**
 * The nearest model of the same maker; of any maker where there is none of its own. Undefined only
 * when there is no model to choose from.
 */
export const nearestModel = (
  cpu: CpuFacts,
  models: readonly ModelFeatures[],
  { isWhole = false, preferred = [] }: Choice = {}
): SpelledCpu | undefined => {
  const spelled = models
    .filter((model) => !isVersioned(model))
    .map((model) => spell(cpu, model))
    .filter(({ less }) => !isWhole || less.length === 0)
  const own = spelled.filter(({ model }) => model.vendor === cpu.vendor)
  const candidates = own.length > 0 ? own : spelled
  return candidates.toSorted(byDistance(preferred))[0]
}
