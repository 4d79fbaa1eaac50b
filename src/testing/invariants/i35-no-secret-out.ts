/** I35: a password of a definition is in files of ours alone, and in QEMU's memory. */
import { canary } from "../simulation/definition.ts"
import type { Invariant, View } from "../simulation/view.ts"

/** Where a definition may stand: the definitions themselves, and the records of guests. */
const isKeeper = (path: string): boolean =>
  /\/etc\/qemu\/[^/]+\.(xml|tmp)$/.test(path) || /\/run\/status\/[^/]+\.(json|tmp)$/.test(path)

const onCommandLine = ({ host }: View): string | undefined => {
  for (const { pid, words, birth } of host.processes.all) {
    const told = [...words, ...birth.argv, ...Object.values(birth.environment ?? {})]
    if (told.some((word) => word.includes(canary)))
      return `process ${pid} shows the password in its words or its environment`
  }
  return undefined
}

const inFiles = ({ host }: View): string | undefined => {
  for (const [path, text] of Object.entries(host.disk.tree())) {
    if (!text.includes(canary)) continue
    if (!isKeeper(path)) return `${path} holds the password`
    if ((host.disk.node(path).mode & 0o077) !== 0) return `others may read ${path}`
  }
  return undefined
}

const inWords = ({ history, life }: View): string | undefined => {
  const shown = (what: unknown) => JSON.stringify(what).includes(canary)
  const answer = history.operations.find(({ result }) => shown(result ?? ""))
  if (answer !== undefined) return `the answer to ${answer.call.call} ${answer.id} shows it`
  const event = history.events.find(shown)
  if (event !== undefined) return `an event '${event.type}' shows the password`
  const problem = life?.driver?.problems().find(shown)
  return problem && `the problem '${problem.what}' shows the password`
}

export const noSecretOut: Invariant = {
  id: "I35",
  name: "NoSecretOut",
  statement:
    "A password of a definition stands in definitions and records that only their owner reads; " +
    "never in arguments, environments, logs, traces, events, problems or answers.",
  make: () => ({
    step: (view, label) => (label.startsWith("spawn ") ? onCommandLine(view) : undefined),
    turn: (record) => {
      // Everything else in a record is a name or a number of the engine's own.
      const { actor, defect, to } = record
      return [defect, to].some((text) => text?.includes(canary) === true)
        ? `a record of ${actor} shows the password`
        : undefined
    },
    rest: (view) => inFiles(view) ?? inWords(view),
    history: inWords
  })
}
