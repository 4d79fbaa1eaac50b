// Goal: the store does what its interface says on a disk that works.
// Method: examples on a disk in memory; crashes and faults are in test/property/store.
import * as Effect from "effect/Effect"
import { describe, expect, test } from "vitest"
import type { StoreError } from "../../../src/store/error.ts"
import { MemoryDisk } from "../../../src/testing/host/disk.ts"
import { MemoryProcess } from "../../contract/store/stepped.ts"
import { contentsOf, live, reopened, textOf } from "../../contract/store/world.ts"

const web = { name: "web", uuid: "uuid-1" }
const xml = textOf(web, 1)

/** The value of an outcome that has to be one. */
const done = <A>(outcome: ReturnType<typeof live<A>>): A => {
  if (outcome.kind !== "done") throw new Error(JSON.stringify(outcome))
  return outcome.value
}

const refusal = <A>(effect: Effect.Effect<A, StoreError>) => Effect.orDie(Effect.flip(effect))

describe("definitions", () => {
  test("lie where libvirt has them, under the root", () => {
    const disk = new MemoryDisk()
    done(
      live(disk, (store) =>
        Effect.andThen(store.writeDefinition({ ...web, xml }), store.setAutostart("web", true))
      )
    )
    expect(disk.tree()["/root/etc/qemu/web.xml"]).toBe(xml)
    expect(disk.tree()["/root/etc/qemu/autostart/web.xml"]).toBe("-> ../web.xml")
    expect(reopened(disk)).toEqual({ definitions: { web: xml }, autostart: ["web"] })
  })

  test("are gone with their autostart link once removed", () => {
    const disk = new MemoryDisk()
    const removed = live(disk, (store) =>
      Effect.gen(function* () {
        yield* store.writeDefinition({ ...web, xml })
        yield* store.setAutostart("web", true)
        return [yield* store.removeDefinition(web), yield* store.removeDefinition(web)]
      })
    )
    expect(done(removed)).toEqual([true, false])
    expect(Object.keys(disk.tree()).filter((path) => path.includes("web"))).toEqual([])
  })

  test("are renamed with their autostart link, and leave no journal", () => {
    const disk = new MemoryDisk()
    const next = textOf({ ...web, name: "shop" }, 2)
    done(
      live(disk, (store) =>
        Effect.gen(function* () {
          yield* store.writeDefinition({ ...web, xml })
          yield* store.setAutostart("web", true)
          yield* store.renameDefinition({ uuid: web.uuid, from: "web", to: "shop", xml: next })
        })
      )
    )
    expect(reopened(disk)).toEqual({ definitions: { shop: next }, autostart: ["shop"] })
    expect(Object.keys(disk.tree()).filter((path) => path.includes("renames/"))).toEqual([])
  })

  test("of another domain are neither replaced nor removed nor renamed over", () => {
    const disk = new MemoryDisk()
    const other = { name: "web", uuid: "uuid-2" }
    const db = { name: "db", uuid: "uuid-3" }
    const refusals = done(
      live(disk, (store) =>
        Effect.gen(function* () {
          yield* store.writeDefinition({ ...web, xml })
          yield* store.writeDefinition({ ...db, xml: textOf(db, 3) })
          return yield* Effect.all([
            refusal(store.writeDefinition({ ...other, xml: textOf(other, 1) })),
            refusal(store.removeDefinition(other)),
            refusal(store.renameDefinition({ uuid: web.uuid, from: "web", to: "db", xml: "" }))
          ])
        })
      )
    )
    expect(refusals.map(({ fault, isUnchanged }) => [fault, isUnchanged])).toEqual([
      ["exists", true],
      ["exists", true],
      ["exists", true]
    ])
    expect(refusals[0]?.message).toContain("it is the definition of 'web' (uuid-1)")
    expect(disk.tree()["/root/etc/qemu/web.xml"]).toBe(xml)
  })
})

describe("files among the definitions", () => {
  test("that cannot be understood are reported by name and stay as they are", () => {
    const disk = new MemoryDisk()
    done(live(disk, (store) => store.writeDefinition({ ...web, xml })))
    const strange = {
      "broken.xml": "<domain",
      "copy.xml": textOf({ name: "copy", uuid: web.uuid }, 1),
      "moved.xml": textOf({ name: "mail", uuid: "uuid-4" }, 1),
      "zzz.xml": textOf({ name: "zzz", uuid: web.uuid }, 1),
      "notes.txt": "not ours",
      ".hidden.xml": "not ours"
    }
    for (const [name, text] of Object.entries(strange)) {
      const file = disk.createFile(`/root/etc/qemu/${name}`, 0o600, true)
      disk.write(file, new TextEncoder().encode(text))
    }
    disk.symlink("../gone.xml", "/root/etc/qemu/autostart/gone.xml")
    const before = disk.tree()
    const index = done(live(disk, (store) => store.indexDefinitions))
    expect(index.heads.map(({ name }) => name)).toEqual(["copy"])
    expect(index.quarantined.map(({ name, reason }) => [name, reason])).toEqual([
      ["broken", "it is no definition of a domain"],
      ["moved", "it defines 'mail', which belongs into 'mail.xml'"],
      ["web", "its uuid uuid-1 is that of 'copy'"],
      ["zzz", "its uuid uuid-1 is that of 'copy'"]
    ])
    for (const name of Object.keys(strange))
      expect(disk.tree()[`/root/etc/qemu/${name}`]).toBe(before[`/root/etc/qemu/${name}`])
    expect(disk.has("/root/etc/qemu/autostart/gone.xml")).toBe(false)
  })
})

describe("autostart", () => {
  test("is a link as libvirt makes it, and nothing else", () => {
    const disk = new MemoryDisk()
    const names = ["absolute", "elsewhere", "plain"]
    done(
      live(disk, (store) =>
        Effect.forEach(names, (name) =>
          store.writeDefinition({ name, uuid: name, xml: textOf({ name, uuid: name }, 1) })
        )
      )
    )
    const autostart = "/root/etc/qemu/autostart"
    disk.symlink("/root/etc/qemu/absolute.xml", `${autostart}/absolute.xml`)
    disk.symlink("../absolute.xml", `${autostart}/elsewhere.xml`)
    disk.createFile(`${autostart}/plain.xml`, 0o600, true)
    expect(reopened(disk).autostart).toEqual(["absolute"])
    expect(disk.has(`${autostart}/plain.xml`)).toBe(true)
  })

  test("is not inherited from a namesake of old", () => {
    const disk = new MemoryDisk()
    const db = { name: "db", uuid: "uuid-9" }
    done(live(disk, (store) => store.writeDefinition({ ...db, xml: textOf(db, 1) })))
    disk.symlink("../web.xml", "/root/etc/qemu/autostart/web.xml")
    const contents = live(disk, (store) =>
      Effect.andThen(
        store.writeDefinition({ ...web, xml }),
        Effect.map(store.indexDefinitions, ({ heads }) => heads)
      )
    )
    expect(done(contents).find(({ name }) => name === "web")?.isAutostart).toBe(false)
  })
})

describe("the root", () => {
  test("is refused to a second engine, which says who holds it", () => {
    const disk = new MemoryDisk()
    const second = done(live(disk, () => Effect.sync(() => live(disk, () => Effect.void))))
    expect(second.kind === "refused" && second.error.message).toBe(
      "the root '/root' is in use by engine"
    )
    expect(live(disk, () => Effect.void).kind).toBe("done")
  })

  test("counts its generations and keeps its id", () => {
    const disk = new MemoryDisk()
    const lives = [1, 2, 3].map(() =>
      done(live(disk, ({ rootId, generation }) => Effect.succeed({ rootId, generation })))
    )
    expect(lives.map(({ generation }) => generation)).toEqual([1, 2, 3])
    expect(new Set(lives.map(({ rootId }) => rootId)).size).toBe(1)
  })

  test("is not opened when its identity is damaged, for epochs could repeat", () => {
    const disk = new MemoryDisk()
    done(live(disk, () => Effect.void))
    disk.truncate(disk.fileAt("/root/lib/identity.json"), 5)
    const outcome = live(disk, () => Effect.void)
    expect(outcome.kind === "refused" && outcome.error._tag === "StoreError").toBe(true)
    expect(outcome.kind === "refused" && outcome.error.message).toContain("identity.json")
  })

  test("has no leftovers of unfinished writes once it is open", () => {
    const disk = new MemoryDisk()
    done(live(disk, (store) => store.writeDefinition({ ...web, xml })))
    for (const directory of ["/root", "/root/etc/qemu", "/root/lib", "/root/run/status"])
      disk.createFile(`${directory}/.crashed.tmp`, 0o600, true)
    done(live(disk, contentsOf))
    expect(Object.keys(disk.tree()).filter((path) => path.endsWith(".tmp"))).toEqual([])
  })

  test("gives each epoch a directory, and takes it back with its sockets", () => {
    const disk = new MemoryDisk()
    done(
      live(disk, (store) =>
        Effect.gen(function* () {
          const path = yield* store.makeGuestDirectory("1.7")
          yield* store.makeGuestDirectory("1.7")
          disk.special(`${path}/monitor`, "socket")
          yield* store.removeGuestDirectory("1.7")
          yield* store.removeGuestDirectory("1.7")
        })
      )
    )
    expect(disk.has("/root/run/1.7")).toBe(false)
  })

  test("answers a repeated operation id from the journal, also in the next life", () => {
    const disk = new MemoryDisk()
    const record = { id: "../op 1", procedure: "define", generation: 1 }
    done(live(disk, (store) => store.recordOperation(record)))
    done(live(disk, (store) => store.recordOperation({ ...record, reply: "{}" })))
    const found = live(disk, (store) =>
      Effect.all([store.findOperation(record.id), store.findOperation("other")])
    )
    expect(done(found)).toEqual([{ ...record, reply: "{}" }, undefined])
  })

  test("forgets operations past their age and their number", () => {
    let nowMs = 0
    const disk = new MemoryDisk(() => nowMs)
    const record = (id: string) => ({ id, procedure: "define", generation: 1, reply: "{}" })
    done(live(disk, (store) => store.recordOperation(record("old"))))
    nowMs = 25 * 60 * 60 * 1000
    const left = live(disk, (store) =>
      Effect.gen(function* () {
        yield* store.recordOperation(record("new"))
        const dropped = yield* store.compactOperations(nowMs)
        return [dropped, yield* store.findOperation("old"), yield* store.findOperation("new")]
      })
    )
    expect(done(left)).toEqual([1, undefined, record("new")])
  })
})

test("a process that was killed holds no lock and does nothing more", () => {
  const disk = new MemoryDisk()
  const process = new MemoryProcess(disk)
  process.kill()
  expect(() => Effect.runSync(process.files.list("/"))).toThrow("killed")
})
