/**
 * Goal: two who would meet never work at the same time, nothing that was published is lost to an
 * older look, and identities stay one pool's each.
 * Method: random sequences of begin, work and finish on the pure state, against a plain model of
 * the folders; no actor, no disk.
 */
import * as Result from "effect/Result"
import fc from "fast-check"
import { expect, test } from "vitest"
import {
  begun,
  changed,
  type Claim,
  ended,
  initialState,
  newPool,
  type State
} from "../../../actors/storage/state.ts"
import { noFigures, type PoolDefinition, type Volume } from "../../../src/model/storage.ts"

const pools = ["p", "q"] as const
const volumes = ["a", "b", "c"] as const

const definition = (uuid: string): PoolDefinition => ({
  type: "dir",
  name: `name of ${uuid}`,
  uuid,
  target: { path: `/${uuid}` }
})

/** The inode says which version of the file was seen. */
const volume = (name: string, version: number): Volume => ({
  name,
  path: `/p/${name}`,
  format: "raw",
  capacityBytes: 0,
  allocationBytes: 0,
  physicalBytes: 0,
  mode: 0,
  owner: 0,
  group: 0,
  times: { accessedMs: 0, modifiedMs: 0, changedMs: 0 },
  inode: version
})

const active = pools.reduce<State>(
  (state, uuid) =>
    changed(state, "", {
      type: "put",
      pool: { ...newPool(definition(uuid), true), isActive: true }
    }),
  initialState
)

type Step =
  | { readonly type: "begin"; readonly claim: Claim }
  | { readonly type: "work"; readonly which: number }
  | { readonly type: "finish"; readonly which: number }

/** Mostly work on volumes and looks beside it: who has a whole pool keeps all others out. */
const claim: fc.Arbitrary<Claim> = fc.oneof(
  fc.record({
    on: fc.constant("pool" as const),
    uuid: fc.constantFrom(...pools),
    mode: fc.constantFrom("read" as const, "read" as const, "read" as const, "write" as const)
  }),
  fc.record({
    on: fc.constant("volume" as const),
    uuid: fc.constantFrom(...pools),
    name: fc.constantFrom(...volumes),
    mode: fc.constantFrom("read" as const, "write" as const),
    needs: fc.constantFrom("present" as const, "absent" as const)
  })
)

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant("begin" as const), claim }),
  fc.record({ type: fc.constantFrom("work" as const, "finish" as const), which: fc.nat(5) })
)

const meets = (one: Claim, other: Claim): boolean => {
  const isSamePool = one.uuid === other.uuid
  const isWriting = [one, other].some(({ on, mode }) => on === "pool" && mode === "write")
  if (one.on === "volume" && other.on === "volume")
    return isSamePool && one.name === other.name && [one.mode, other.mode].includes("write")
  return isSamePool && isWriting
}

type Files = ReadonlyMap<string, number>

/** What is in the folders, and what of it those who changed it have published. */
class Folders {
  files: Files = new Map()
  published: Files = new Map()
  readonly looks = new Map<string, Files>()
  #version = 0

  /** The file is another one, or gone: every third change is a deletion. */
  change(key: string): void {
    const next = new Map(this.files)
    if (++this.#version % 3 === 0) next.delete(key)
    else next.set(key, this.#version)
    this.files = next
  }

  publish(key: string): void {
    const version = this.files.get(key)
    const next = new Map(this.published)
    if (version === undefined) next.delete(key)
    else next.set(key, version)
    this.published = next
  }
}

const volumesIn = (files: Files, uuid: string): ReadonlyMap<string, Volume> =>
  new Map(
    volumes.flatMap((name) => {
      const version = files.get(`${uuid}/${name}`)
      return version === undefined ? [] : [[name, volume(name, version)] as const]
    })
  )

/** What a job does to its file, or sees of the folder, some time before it is over. */
const work = (state: State, folders: Folders, token: string): void => {
  const one = state.jobs.get(token)?.claims[0]
  if (one?.on === "pool") folders.looks.set(token, folders.files)
  if (one?.on === "volume" && one.mode === "write") folders.change(`${one.uuid}/${one.name}`)
}

const finish = (state: State, folders: Folders, token: string): State => {
  const one = state.jobs.get(token)?.claims[0]
  if (one === undefined || (one.on === "volume" && one.mode === "read")) return state
  const { uuid } = one
  if (one.on === "pool") {
    const seen = folders.looks.get(token)
    if (seen === undefined) return state
    const now = volumesIn(seen, uuid)
    return changed(state, token, { type: "looked", uuid, volumes: now, figures: noFigures })
  }
  const { name } = one
  folders.publish(`${uuid}/${name}`)
  const now = volumesIn(folders.files, uuid).get(name)
  return changed(state, token, { type: "volume", uuid, name, volume: now, figures: undefined })
}

test("who would meet never works at once, and no look brings back what is old", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const folders = new Folders()
      let state = active
      for (const [index, one] of steps.entries()) {
        if (one.type === "begin") {
          const next = begun(state, { token: `t${index}`, what: "work", claims: [one.claim] })
          const others = [...state.jobs.values()].flatMap(({ claims }) => claims)
          const isMet = others.some((other) => meets(one.claim, other))
          const tag = Result.isFailure(next) ? next.failure._tag : "begun"
          expect(tag === "StorageBusy").toBe(isMet)
          if (Result.isSuccess(next)) state = next.success
          continue
        }
        const tokens = [...state.jobs.keys()]
        const token = tokens[one.which % Math.max(1, tokens.length)]
        if (token === undefined) continue
        if (one.type === "work") work(state, folders, token)
        else state = ended(finish(state, folders, token), token)
        for (const uuid of pools)
          expect(state.pools.get(uuid)?.volumes).toEqual(volumesIn(folders.published, uuid))
      }
    }),
    { numRuns: 1000 }
  )
})

test("a name, a uuid and a folder are one pool's, of those that are being made too", () => {
  const identity = fc.record({
    name: fc.constantFrom("m", "n", "name of p"),
    uuid: fc.constantFrom("p", "u", "v"),
    path: fc.constantFrom("/p", "/x", "/y")
  })
  fc.assert(
    fc.property(fc.array(identity, { maxLength: 6 }), (wanted) => {
      let state = active
      for (const [index, newcomer] of wanted.entries()) {
        const job = { token: `t${index}`, what: "define", claims: [], newcomer }
        const next = begun(state, job)
        if (Result.isSuccess(next)) state = next.success
      }
      const all = [
        ...pools.map((uuid) => ({ ...definition(uuid), path: `/${uuid}` })),
        ...[...state.jobs.values()].flatMap(({ newcomer }) => newcomer ?? [])
      ]
      for (const key of ["name", "uuid", "path"] as const)
        expect(new Set(all.map((one) => one[key])).size).toBe(all.length)
    })
  )
})
