/**
 * The pages that show all machines: machines/README.md and docs/reference/machines.md. Pure;
 * `.ci/charts.mjs` writes them.
 */
import type { AnyStateMachine } from "xstate"
import { type Chart, type ChartState, statesWithin } from "./chart.ts"
import { describe } from "./describe.ts"
import { mermaid } from "./mermaid.ts"
import { ownLines } from "./scene.ts"

const opening = `# machines

Machines decide: each of these statecharts takes a message and names the next state and what is
to be done. They are pure, import nothing but \`xstate\`, \`src/base\` and \`src/model\`, and are
imported by \`actors\` (which act), \`src/charts\` and \`src/console\` (which show).

This page is generated: \`npm run charts\` writes it, and a test fails when it is stale.

How to read the charts. An arrow says \`event [condition] / what is done\`; of several conditions
for one event the first that holds counts. A line in a box says what the state does: \`during\`
names the scripts that run while the state lasts and are stopped when it is left, \`entry\` and
\`exit\` what is done then, \`deadline\` how long it may last before \`overdue\` comes. An event
with no arrow is done in place; \`postpone\` keeps a request until the state changes; what is
neither drawn nor written is refused. \`(reenter)\` leaves the state and enters it again. \`any
state\` stands for each state of its box. What a machine only remembers is left out.
`

const eventsOf = (chart: Chart): ReadonlySet<string> =>
  new Set(
    statesWithin(chart.root)
      .flatMap(({ transitions }) => transitions.map(({ event }) => event))
      .filter((event) => event !== "" && event !== "done" && !event.startsWith("after "))
  )

const leavesOf = (chart: Chart): readonly ChartState[] =>
  statesWithin(chart.root).filter(({ states }) => states.length === 0)

const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`

const diagram = (text: string): string => `\`\`\`mermaid\n${text}\`\`\`\n`

const picture = (name: string, to: string): string => `![the chart of ${name}](${to}${name}.svg)\n`

/** A region of a chart as a chart of its own, and what its picture is called. */
export interface Region {
  readonly key: string
  readonly picture: string
  readonly chart: Chart
}

/**
 * The regions of a parallel chart, which are drawn one by one: all in one picture are too large for
 * a page. None of a chart that is not parallel, or has arrows from one region into another.
 */
export function regionsOf(name: string, { root }: Chart): readonly Region[] {
  const leadsOut = (region: ChartState): boolean => {
    const inside = new Set(statesWithin(region).map(({ id }) => id))
    const targets = statesWithin(region).flatMap(({ transitions }) =>
      transitions.flatMap((one) => one.targets)
    )
    return targets.some((id) => !inside.has(id))
  }
  if (root.type !== "parallel" || root.transitions.length > 0 || root.states.some(leadsOut)) {
    return []
  }
  return root.states.map((region) => ({
    key: region.key,
    picture: `${name}-${region.key}`,
    chart: { version: 1, id: region.id, root: region }
  }))
}

/** One picture, or a link to it where there is one for each region. */
const whole = (name: string, chart: Chart, to: string): string => {
  const regions = regionsOf(name, chart)
  if (regions.length === 0) return picture(name, to)
  const list = regions.map(({ key }) => `\`${key}\``).join(", ")
  return `Regions side by side: ${list}. All of it is in [one picture](${to}${name}.svg).\n`
}

const toPictures = "../docs/pictures/"

const section = (name: string, chart: Chart): string => {
  const regions = regionsOf(name, chart)
  const head = `## ${name}\n\n${whole(name, chart, toPictures)}`
  const asMermaid = (only?: string) =>
    `The same as Mermaid draws it:\n\n${diagram(mermaid(chart, only))}`
  if (regions.length === 0) return `${head}\n${asMermaid()}`
  const parts = regions.map(({ key, picture: file, chart: { root } }) =>
    [`### ${name}: ${key}\n`, picture(file, toPictures), asMermaid(root.id)].join("\n")
  )
  return [head, ...parts].join("\n")
}

const referenceOpening = `# The machines

Every statechart of Troupe, drawn from the machine that runs, with what it is for. Generated: \`npm
run charts\` writes this page and the pictures, and a test fails when they are stale.

An arrow says \`event [condition] / what is done\`; of several conditions for one event the first
that holds counts. In a box, \`during\` names the scripts that run while the state lasts and are
stopped when it is left; \`deadline\` is how long it may last before \`overdue\` comes; a line
that begins with an event is done in place; \`postpone\` keeps a request until the state changes;
\`(reenter)\` leaves the state and enters it again. A dashed box is a region: regions are active
side by side, and drawn one by one. What no state takes is refused. The same
pictures come from \`troupe chart NAME --format svg\`, and as text from \`--format text\`;
[machines/README.md](../../machines/README.md) has them as Mermaid too.
`

const cell = (text: string): string => text.replace(/[\\|<>*_`]/g, "\\$&")

const stateRow = (state: ChartState): string => {
  const kind = state.type === "atomic" || state.type === "compound" ? "" : ` (${state.type})`
  return row([`${cell(state.id)}${kind}`, ownLines(state).map(cell).join("; ") || "-"])
}

const referenceSection = (name: string, chart: Chart, purpose: string): string => {
  const states = statesWithin(chart.root).filter(({ id }) => id !== chart.root.id)
  const events = [...eventsOf(chart)].toSorted().map((event) => `\`${event}\``)
  return [
    `## ${name}\n\n${purpose}\n`,
    whole(name, chart, "../pictures/"),
    ...regionsOf(name, chart).map((region) => picture(region.picture, "../pictures/")),
    `Events: ${events.join(", ")}.\n`,
    [row(["state", "what it does"]), row(["---", "---"]), ...states.map(stateRow), ""].join("\n")
  ].join("\n")
}

/** The reference page; what each machine is for is given by its name. */
export function machinesReference(
  machines: { readonly [name: string]: AnyStateMachine },
  purposeOf: (name: string) => string
): string {
  const sections = Object.entries(machines).map(([name, machine]) =>
    referenceSection(name, describe(machine), purposeOf(name))
  )
  return [referenceOpening, ...sections].join("\n")
}

/** The whole page, for the machines by name, in the order of their names in the registry. */
export function machinesPage(machines: { readonly [name: string]: AnyStateMachine }): string {
  const charts = Object.entries(machines).map(
    ([name, machine]) => [name, describe(machine)] as const
  )
  const table = [
    row(["machine", "states", "events"]),
    row(["---", "---", "---"]),
    ...charts.map(([name, chart]) =>
      row([`[${name}](#${name})`, `${leavesOf(chart).length}`, `${eventsOf(chart).size}`])
    )
  ]
  const sections = charts.map(([name, chart]) => section(name, chart))
  return [opening, `${table.join("\n")}\n`, ...sections].join("\n")
}
