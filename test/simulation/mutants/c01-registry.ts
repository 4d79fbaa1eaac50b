/** Mutants of class C01: check-then-act on name, uuid and listing. */
import type { Mutant } from "./mutant.ts"

const domains = "actors/domains.ts"
const calls = "actors/driver/calls.ts"
const life = "machines/domain/life.ts"
const job = "machines/domain/job.ts"

export const registry: readonly Mutant[] = [
  {
    id: "M-Z001",
    zoo: ["Z001"],
    title: "what another request has reserved counts as free",
    shows: "create(A) beside create(A): both are let through, each with an actor of its own",
    expects: ["I01", "I02", "I03"],
    shape: "transient twin",
    edits: [
      {
        file: domains,
        find: "    if (existing.name === wanted.name || existing.uuid === wanted.uuid)\n",
        replace: "    if (holder === token)\n"
      }
    ]
  },
  {
    id: "M-Z001b",
    zoo: ["Z001"],
    title: "two requests that open one domain at once each keep the actor they made",
    shows: "the engine opens again; start(A) beside start(A), before anybody needed A",
    expects: ["I01", "I02"],
    shape: "opened twice",
    edits: [
      {
        file: domains,
        find: `  if (entry === undefined || entry.ref !== undefined)
    return { next: state, actions: reply(call, answered(entry?.ref)) }`,
        replace: `  if (entry === undefined)
    return { next: state, actions: reply(call, answered()) }`
      }
    ]
  },
  {
    id: "M-Z002",
    zoo: ["Z002"],
    title: "a start is admitted while the domain is being undefined",
    shows: "undefine(A) beside start(A): the start comes while A is taken off the list",
    expects: ["I05", "I02", "I01"],
    shape: "undefine under start",
    edits: [
      {
        file: life,
        find: `    start: [
      { guard: not("isJobIdle"), actions: "postpone" },
`,
        replace: "    start: [\n"
      }
    ]
  },
  {
    id: "M-Z002b",
    zoo: ["Z002"],
    title: "undefining a running domain takes it off the list",
    shows: "start(A), undefine(A), list",
    expects: ["I05", "I02", "I07"],
    shape: "undefine under start",
    edits: [
      {
        file: job,
        find: 'guard: and(["isUndefine", "hasNoGuest"]),',
        replace: 'guard: "isUndefine",'
      }
    ]
  },
  {
    id: "M-Z002c",
    zoo: ["Z002"],
    title: "a transient guest leaves the list while its definition is being written",
    shows: "create(A), define(A) beside destroy(A): all is given back before the disk has answered",
    expects: ["I29", "I07", "I02"],
    shape: "defined while it ends",
    edits: [
      {
        file: life,
        find: `          guard: and(["isJobIdle", "isDefined"]),
          target: "#shutoff",`,
        replace: `          guard: "isDefined",
          target: "#shutoff",`
      },
      {
        file: life,
        find: '        { guard: "isJobIdle", target: "leaving" }',
        replace: '        { target: "leaving" }'
      }
    ]
  },
  {
    id: "M-Z003",
    zoo: ["Z003"],
    title: "a rename does not look whether the new name is in use",
    shows: "create(B), rename(A to B): B is transient, so that no file stands in the way",
    expects: ["I02", "I07"],
    shape: "two want one name",
    edits: [
      {
        file: domains,
        find: `  if (existing !== undefined) {
    const error = new DomainExists({ wanted, existing, isReserved: false })`,
        replace: `  if (existing !== undefined && existing.uuid === uuid && existing.name !== name) {
    const error = new DomainExists({ wanted, existing, isReserved: false })`
      }
    ]
  },
  {
    id: "M-Z003b",
    zoo: ["Z003"],
    title: "a rename does not look whether the new name is being taken",
    shows: "rename(A to C) beside rename(B to C), or beside create(C)",
    expects: ["I02", "I03", "I07"],
    shape: "two want one name",
    edits: [
      {
        file: domains,
        find: "    if (holder !== token && other.name === name) {",
        replace: "    if (holder === token && other.name !== name) {"
      }
    ]
  },
  {
    id: "M-Z004",
    zoo: ["Z004"],
    title: "a transient domain is said to have ended before its name is free",
    shows: "destroy(A) answered, then create(B) under the name of A",
    expects: ["I07", "I19", "I02"],
    shape: "REMOVED too early",
    edits: [
      {
        file: life,
        find: '        { guard: "isJobIdle", target: "leaving" }',
        replace: `        {
          guard: "isJobIdle",
          target: "#gone",
          actions: ["unregister", tellStopped, ...closeEpoch]
        }`
      }
    ]
  },
  {
    id: "M-Z005",
    zoo: ["Z005"],
    title: "a domain is shown while it is only being made",
    shows: "define(A) on a full disk beside list: A is seen, and never was",
    expects: ["I07", "I02"],
    shape: "full disk",
    edits: [
      {
        file: calls,
        find: "  return context.persistent !== undefined || context.epoch !== undefined\n}",
        replace: '  return context.uuid !== ""\n}'
      }
    ]
  },
  {
    id: "M-Z006",
    zoo: ["Z006"],
    title: "a listing takes the running domains first and the others a moment later",
    shows: "list beside start(A) or destroy(A): A is there twice, or not at all",
    expects: ["I07", "I02"],
    shape: "listed while they change",
    edits: [
      {
        file: "src/engine/engine.ts",
        find: `  list: (filter) =>
    reading(driver, "connectListAllDomains", (parts) => Reads.summaries(parts, filter)),`,
        replace: `  list: (filter) => {
    const half = (isActive: boolean) =>
      reading(driver, "connectListAllDomains", (parts) =>
        Reads.summaries(parts, { ...filter, isActive })
      )
    return Effect.gen(function* () {
      const running = yield* half(true)
      yield* Effect.yieldNow
      return [...running, ...(yield* half(false))]
    })
  },`
      }
    ]
  },
  {
    id: "M-Z007",
    zoo: ["Z007"],
    title: "a domain that is off still has the number of its last run",
    shows: "start(A), destroy(A), info(A)",
    expects: ["I04", "I07"],
    shape: "started while it dies",
    edits: [
      {
        file: life,
        find: `    epoch: undefined,
    id: -1,
    process: undefined,`,
        replace: `    epoch: undefined,
    process: undefined,`
      }
    ]
  }
]
