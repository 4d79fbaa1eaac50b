/** Words about storage pools and their volumes. */
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Remote } from "../../rpc/client/connect.ts"
import { given } from "../flags.ts"
import { readXml } from "../input.ts"
import { uuidText } from "./reference.ts"
import { named as wordOf, sizeBytes, sizeText, xmlText } from "./values.ts"
import { done, whole } from "./answer.ts"
import { arg, flag, word } from "./word.ts"
import { listFlags, wanted } from "./words-host.ts"

/** virStoragePoolState. */
const poolStates = ["inactive", "building", "running", "degraded", "inaccessible"]

/** virStorageVolType. */
const volumeTypes = ["file", "block", "dir", "network", "netdir", "ploop"]

const findPool = ({ call }: Remote, name: string) =>
  Effect.map(call("remote", "STORAGE_POOL_LOOKUP_BY_NAME", { name }), ({ pool }) => pool)

interface VolumeKey {
  /** A name in a pool; without one, a path or a key. */
  readonly volume: string
  readonly pool: Option.Option<string>
}

const findVolume = (remote: Remote, { volume, pool: named }: VolumeKey) =>
  Effect.gen(function* () {
    const name = given(named)
    if (name === undefined) {
      const { call } = remote
      const byPath = call("remote", "STORAGE_VOL_LOOKUP_BY_PATH", { path: volume })
      const byKey = call("remote", "STORAGE_VOL_LOOKUP_BY_KEY", { key: volume })
      // What is said of a key that nothing fits is said of a path.
      const found = yield* Effect.catch(byPath, (first) => Effect.mapError(byKey, () => first))
      return found.vol
    }
    const pool = yield* findPool(remote, name)
    const found = yield* remote.call("remote", "STORAGE_VOL_LOOKUP_BY_NAME", { pool, name: volume })
    return found.vol
  })

type Pool = Effect.Success<ReturnType<typeof findPool>>

const poolInfoOf = ({ call }: Remote, pool: Pool) =>
  Effect.map(
    Effect.all([
      call("remote", "STORAGE_POOL_GET_INFO", { pool }),
      call("remote", "STORAGE_POOL_GET_AUTOSTART", { pool }),
      call("remote", "STORAGE_POOL_IS_PERSISTENT", { pool })
    ]),
    ([{ state, capacity, allocation, available }, { autostart }, { persistent }]) => ({
      name: pool.name,
      uuid: uuidText(pool.uuid),
      state: wordOf(poolStates, state),
      autostart: autostart !== 0,
      persistent: persistent !== 0,
      capacity,
      allocation,
      available
    })
  )

const poolList = word({
  word: "pool-list",
  about: "List storage pools; by default those that are active",
  args: {},
  flags: listFlags,
  columns: ["name", "state", "autostart", "persistent"],
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const { pools } = yield* remote.call("remote", "CONNECT_LIST_ALL_STORAGE_POOLS", {
        need_results: 1,
        flags: wanted(own)
      })
      return { value: yield* Effect.forEach(pools, (pool) => poolInfoOf(remote, pool)) }
    })
})

const poolInfo = word({
  word: "pool-info",
  about: "Tell all about one pool",
  args: { pool: arg.pool },
  flags: {},
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const info = yield* poolInfoOf(remote, yield* findPool(remote, own.pool))
      const { capacity, allocation, available, ...rest } = info
      const sizes = { capacity, allocation, available }
      const lines = { ...rest, ...mapped(sizes, sizeText) }
      return { value: info, text: linesOf(lines) }
    })
})

const mapped = (sizes: Readonly<Record<string, bigint>>, show: (size: bigint) => string) =>
  Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, show(size)]))

const linesOf = (fields: Readonly<Record<string, unknown>>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${`${name}:`.padEnd(14)} ${String(value)}\n`)
    .join("")

/** A deed on one pool: one call that takes its reference and flags. */
const poolDeed = (row: {
  readonly word: string
  readonly about: string
  readonly said: string
  readonly deed: (remote: Remote, pool: Pool) => Effect.Effect<unknown, PoolFailure>
}) =>
  word({
    word: row.word,
    about: row.about,
    args: { pool: arg.pool },
    flags: {},
    call: (own, { remote }) =>
      Effect.gen(function* () {
        const pool = yield* findPool(remote, own.pool)
        yield* row.deed(remote, pool)
        return done(pool.name, row.said)
      })
  })

type PoolFailure = Effect.Error<ReturnType<typeof findPool>>

const poolBuild = poolDeed({
  word: "pool-build",
  about: "Make the directory of a pool",
  said: "is built",
  deed: ({ call }, pool) => call("remote", "STORAGE_POOL_BUILD", { pool, flags: 0 })
})

const poolStart = poolDeed({
  word: "pool-start",
  about: "Start a pool: look at what is in it",
  said: "is started",
  deed: ({ call }, pool) => call("remote", "STORAGE_POOL_CREATE", { pool, flags: 0 })
})

const poolDestroy = poolDeed({
  word: "pool-destroy",
  about: "Stop a pool; what is in it stays",
  said: "is stopped",
  deed: ({ call }, pool) => call("remote", "STORAGE_POOL_DESTROY", { pool })
})

const poolDelete = poolDeed({
  word: "pool-delete",
  about: "Remove the directory of a pool that is stopped",
  said: "is deleted",
  deed: ({ call }, pool) => call("remote", "STORAGE_POOL_DELETE", { pool, flags: 0 })
})

const poolUndefine = poolDeed({
  word: "pool-undefine",
  about: "Take away the definition of a pool",
  said: "is undefined",
  deed: ({ call }, pool) => call("remote", "STORAGE_POOL_UNDEFINE", { pool })
})

const poolRefresh = poolDeed({
  word: "pool-refresh",
  about: "Look again at what is in a pool",
  said: "is refreshed",
  deed: ({ call }, pool) => call("remote", "STORAGE_POOL_REFRESH", { pool, flags: 0 })
})

const poolAutostart = word({
  word: "pool-autostart",
  about: "Start a pool with the daemon from now on",
  args: { pool: arg.pool },
  flags: { isOff: flag.is("disable", "not any more") },
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const pool = yield* findPool(remote, own.pool)
      const autostart = own.isOff ? 0 : 1
      yield* remote.call("remote", "STORAGE_POOL_SET_AUTOSTART", { pool, autostart })
      return done(pool.name, own.isOff ? "does not start with the daemon" : "starts with it")
    })
})

const definePool = ({ call }: Remote, xml: string) =>
  Effect.map(call("remote", "STORAGE_POOL_DEFINE_XML", { xml, flags: 0 }), ({ pool }) =>
    done(pool.name, "is defined")
  )

const poolDefine = word({
  word: "pool-define",
  about: "Make a pool by a definition",
  args: { file: arg.text("FILE", "the definition") },
  flags: {},
  call: ({ file }, { remote }) => Effect.flatMap(readXml(file), (xml) => definePool(remote, xml))
})

const poolDefineAs = word({
  word: "pool-define-as",
  about: "Make a pool by a few words",
  args: { name: arg.text("NAME", "its name"), type: arg.text("TYPE", "its type: dir") },
  flags: { target: flag.text("target", "PATH", "the directory of its volumes") },
  call: ({ name, type, target }, { remote }) => {
    const path = given(target)
    const place = path === undefined ? "" : `<target><path>${xmlText(path)}</path></target>`
    return definePool(
      remote,
      `<pool type='${xmlText(type)}'><name>${xmlText(name)}</name>${place}</pool>`
    )
  }
})

const poolDumpxml = word({
  word: "pool-dumpxml",
  about: "Print the definition of a pool",
  args: { pool: arg.pool },
  flags: {},
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const pool = yield* findPool(remote, own.pool)
      const { xml } = yield* remote.call("remote", "STORAGE_POOL_GET_XML_DESC", { pool, flags: 0 })
      return whole("xml", xml)
    })
})

const volList = word({
  word: "vol-list",
  about: "List the volumes of a pool",
  args: { pool: arg.pool },
  flags: {},
  columns: ["name", "path"],
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const pool = yield* findPool(remote, own.pool)
      const { vols } = yield* remote.call("remote", "STORAGE_POOL_LIST_ALL_VOLUMES", {
        pool,
        need_results: 1,
        flags: 0
      })
      return { value: vols.map(({ name, key }) => ({ name, path: key })) }
    })
})

const volCreateAs = word({
  word: "vol-create-as",
  about: "Make a volume",
  args: { pool: arg.pool, volume: arg.volume, size: arg.text("SIZE", "as 512MiB or 2G") },
  flags: {
    format: flag.text("format", "FORMAT", "raw or qcow2; by default raw"),
    allocation: flag.text("allocation", "SIZE", "what is allocated at once")
  },
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const pool = yield* findPool(remote, own.pool)
      const capacity = yield* sizeBytes(own.size, "b")
      const first = given(own.allocation)
      const allocation = first === undefined ? undefined : yield* sizeBytes(first, "b")
      const xml = [
        `<volume><name>${xmlText(own.volume)}</name><capacity>${capacity}</capacity>`,
        allocation === undefined ? "" : `<allocation>${allocation}</allocation>`,
        `<target><format type='${xmlText(given(own.format) ?? "raw")}'/></target></volume>`
      ].join("")
      const { vol } = yield* remote.call("remote", "STORAGE_VOL_CREATE_XML", {
        pool,
        xml,
        flags: 0
      })
      return done(vol.name, "is made")
    })
})

/** As virsh has it: the volume first. */
const inPool = arg.optional("POOL", "the pool that it is in; without one VOLUME is a path")

const volDelete = word({
  word: "vol-delete",
  about: "Remove a volume and what is in it",
  args: { volume: arg.volume, pool: inPool },
  flags: {},
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const vol = yield* findVolume(remote, own)
      yield* remote.call("remote", "STORAGE_VOL_DELETE", { vol, flags: 0 })
      return done(vol.name, "is deleted")
    })
})

const volInfo = word({
  word: "vol-info",
  about: "Tell the kind and the sizes of a volume",
  args: { volume: arg.volume, pool: inPool },
  flags: {},
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const vol = yield* findVolume(remote, own)
      const { type, ...sizes } = yield* remote.call("remote", "STORAGE_VOL_GET_INFO", { vol })
      const known = { name: vol.name, path: vol.key, type: wordOf(volumeTypes, type) }
      return {
        value: { ...known, ...sizes },
        text: linesOf({ ...known, ...mapped(sizes, sizeText) })
      }
    })
})

const volDumpxml = word({
  word: "vol-dumpxml",
  about: "Print the definition of a volume",
  args: { volume: arg.volume, pool: inPool },
  flags: {},
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const vol = yield* findVolume(remote, own)
      const { xml } = yield* remote.call("remote", "STORAGE_VOL_GET_XML_DESC", { vol, flags: 0 })
      return whole("xml", xml)
    })
})

const volResize = word({
  word: "vol-resize",
  about: "Give a volume another size",
  args: { volume: arg.volume, size: arg.text("SIZE", "as 512MiB or 2G"), pool: inPool },
  flags: {},
  call: (own, { remote }) =>
    Effect.gen(function* () {
      const vol = yield* findVolume(remote, own)
      const capacity = yield* sizeBytes(own.size, "b")
      yield* remote.call("remote", "STORAGE_VOL_RESIZE", { vol, capacity, flags: 0 })
      return done(vol.name, `has ${sizeText(capacity)} now`)
    })
})

export const storageWords = [
  poolList,
  poolInfo,
  poolDefine,
  poolDefineAs,
  poolBuild,
  poolStart,
  poolDestroy,
  poolDelete,
  poolUndefine,
  poolRefresh,
  poolAutostart,
  poolDumpxml,
  volList,
  volCreateAs,
  volDelete,
  volInfo,
  volDumpxml,
  volResize
] as const
