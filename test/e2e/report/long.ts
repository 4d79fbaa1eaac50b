/** Traces for tests of what is drawn: long ones, and one whose every word is an attack. */
import type { Entry, NoteEntry, Trace, TurnEntry } from "../../../src/trace/trace.ts"

const turn = (serial: number, part: Partial<TurnEntry>): TurnEntry => ({
  kind: "turn",
  serial,
  atMs: serial / 8,
  life: 1,
  actor: "driver",
  message: "enter",
  lane: "user",
  outcome: "taken",
  from: "running",
  to: "running",
  actions: ["reply"],
  version: serial,
  call: undefined,
  procedure: undefined,
  cause: "tell",
  sender: undefined,
  script: undefined,
  sent: serial,
  answers: [],
  defect: undefined,
  epoch: undefined,
  moved: [],
  ...part
})

const header = {
  program: "0.1.0",
  createdBy: "a test",
  wallOriginMs: undefined,
  simulation: undefined,
  machines: { domain: "domain", driver: "driver" },
  things: {},
  charts: {},
  definitions: {},
  omitted: 0
}

const lives = [
  "life.shutoff",
  "life.starting.preparing",
  "life.running.steady",
  "life.paused.steady"
]

/** So many turns of a dozen domains; each tenth message has waited long. */
export const longTrace = (length: number): Trace => ({
  header,
  entries: Array.from({ length }, (_, serial): Entry => {
    const id = String(serial % 12).padStart(12, "0")
    const state = (at: number) => `${lives[at % 4]} job.idle power.idle monitor.none`
    const round = Math.floor(serial / 12)
    return turn(serial, {
      actor: `domain/00000000-0000-4000-8000-${id}`,
      message: ["start", "launched", "suspend", "destroy"][round % 4] ?? "",
      from: state(round),
      to: state(round + 1),
      call: serial,
      procedure: "domainCreate",
      cause: "ask",
      sender: serial % 3 === 0 ? "driver" : undefined,
      sent: serial % 10 === 0 ? Math.max(0, serial - 40) : serial,
      answers: serial % 2 === 0 ? [serial] : []
    })
  })
})

export const attacks: readonly string[] = [
  "</script><script>window.hacked=1</script>",
  "<img src=x onerror=window.hacked=1>",
  "<!--<script>",
  "]]></style><svg onload=window.hacked=1>",
  '"><a href="javascript:window.hacked=1">x</a>',
  "http://127.0.0.1:9/steal",
  "\u001b]0;owned\u0007\u001b[2J\u202egnp.exe\u2028\u0000",
  "${window.hacked=1}`;window.hacked=1//",
  "__proto__",
  "x".repeat(4000)
]

/** Every word of it is hostile, the machine's name too. */
export const hostileTrace = (): Trace => {
  const entries = attacks.flatMap((attack, at): readonly Entry[] => {
    const note: NoteEntry = {
      kind: at % 2 === 0 ? "invoke" : "violation",
      atMs: at,
      life: 1,
      who: at % 2 === 0 ? attack : undefined,
      name: attack,
      about: attack,
      operation: at,
      text: attack
    }
    const words = { actor: `domain/${attack}`, message: attack, from: attack, to: `${attack}.b` }
    const more = { actions: [attack], procedure: attack, cause: attack, script: attack }
    return [turn(at, { ...words, ...more, sender: attack, defect: attack }), note]
  })
  const [attack = ""] = attacks
  const machines = { domain: "domain", [attack]: attack }
  return { header: { ...header, program: attack, createdBy: attack, machines }, entries }
}
