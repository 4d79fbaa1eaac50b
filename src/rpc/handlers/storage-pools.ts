/** Storage pools: lists, look-ups, life, and what is told of them. */
import * as Effect from "effect/Effect"
import type { PoolSummary } from "../../engine/storage.ts"
import type { Client, Handler, Handlers, Work } from "../server/handler.ts"
import { knowing, upTo } from "./flags.ts"
import { bounded, namesMax, poolKey, poolOnWire } from "./storage-reference.ts"
import { uuidText } from "./domain-reference.ts"

/** VIR_STORAGE_POOL_CREATE_WITH_BUILD; its two siblings are of pools that are written over. */
const withBuild = 1

/** VIR_STORAGE_POOL_DEFINE_VALIDATE */
const validate = 1

/** VIR_STORAGE_XML_INACTIVE */
const inactiveXml = 1

/** virStoragePoolState */
const states = { inactive: 0, running: 2 }

type Trait = (pool: PoolSummary) => boolean

/** VIR_CONNECT_LIST_STORAGE_POOLS_*: of each row, a pool has to have one of those asked for. */
const filters: readonly (readonly (readonly [flag: number, has: Trait])[])[] = [
  [
    [1, ({ isActive }) => !isActive],
    [2, ({ isActive }) => isActive]
  ],
  [
    [4, ({ isPersistent }) => isPersistent],
    [8, ({ isPersistent }) => !isPersistent]
  ],
  [
    [16, ({ isAutostart }) => isAutostart],
    [32, ({ isAutostart }) => !isAutostart]
  ],
  // Types: dir is the sixth bit, thirteen others follow, and there are no such pools.
  [
    [1 << 6, ({ type }) => type === "dir"],
    [0xfff80, () => false]
  ]
]
const listFlags = 0xfffff

const isListed = (pool: PoolSummary, flags: number): boolean =>
  filters.every((row) => {
    const asked = row.filter(([flag]) => (flags & flag) !== 0)
    return asked.length === 0 || asked.some(([, has]) => has(pool))
  })

const inactive = 1
const active = 2

const poolsLike = ({ engine }: Client, flags: number) =>
  Effect.map(engine.storage.listPools, (pools) => pools.filter((pool) => isListed(pool, flags)))

const listAll: Handler<"remote", "CONNECT_LIST_ALL_STORAGE_POOLS"> = (
  { need_results: needResults, flags },
  client
) =>
  Effect.gen(function* () {
    const pools = yield* bounded("storage pools", yield* poolsLike(client, flags))
    return { pools: needResults === 0 ? [] : pools.map(poolOnWire), ret: pools.length }
  })

const numberOf =
  (flags: number) =>
  (_: undefined, client: Client): Work<{ num: number }> =>
    Effect.map(poolsLike(client, flags), ({ length }) => ({ num: length }))

const namesOf = (flags: number) =>
  upTo(namesMax, ({ maxnames }: { readonly maxnames: number }, client) =>
    Effect.map(poolsLike(client, flags), (pools) => ({
      names: pools.slice(0, maxnames).map(({ name }) => name)
    }))
  )

type Named = { readonly pool: { readonly uuid: Uint8Array } }

const look =
  <A>(answer: (pool: PoolSummary) => A) =>
  ({ pool }: Named, { engine }: Client): Work<A> =>
    Effect.map(engine.storage.lookupPool(poolKey(pool)), answer)

const flag = (claim: boolean): number => (claim ? 1 : 0)

const getInfo = look(({ isActive, figures }) => ({
  state: isActive ? states.running : states.inactive,
  capacity: BigInt(figures.capacityBytes),
  allocation: BigInt(figures.allocationBytes),
  available: BigInt(figures.availableBytes)
}))

const getXml: Handler<"remote", "STORAGE_POOL_GET_XML_DESC"> = ({ pool, flags }, { engine }) =>
  Effect.map(
    engine.storage.poolXML(poolKey(pool), { isInactive: (flags & inactiveXml) !== 0 }),
    (xml) => ({ xml })
  )

const createXml: Handler<"remote", "STORAGE_POOL_CREATE_XML"> = ({ xml, flags }, { engine }) =>
  Effect.map(engine.storage.createPool(xml, { isBuilding: (flags & withBuild) !== 0 }), (pool) => ({
    pool: poolOnWire(pool)
  }))

const defineXml: Handler<"remote", "STORAGE_POOL_DEFINE_XML"> = ({ xml, flags }, { engine }) =>
  Effect.map(engine.storage.definePool(xml, { isValidated: (flags & validate) !== 0 }), (pool) => ({
    pool: poolOnWire(pool)
  }))

const found = (pool: PoolSummary) => ({ pool: poolOnWire(pool) })

export const storagePools: Handlers = {
  remote: {
    CONNECT_NUM_OF_STORAGE_POOLS: numberOf(active),
    CONNECT_LIST_STORAGE_POOLS: namesOf(active),
    CONNECT_NUM_OF_DEFINED_STORAGE_POOLS: numberOf(inactive),
    CONNECT_LIST_DEFINED_STORAGE_POOLS: namesOf(inactive),
    CONNECT_LIST_ALL_STORAGE_POOLS: knowing("virConnectListAllStoragePools", listFlags, listAll),
    STORAGE_POOL_LOOKUP_BY_NAME: ({ name }, { engine }) =>
      Effect.map(engine.storage.lookupPool({ name }), found),
    STORAGE_POOL_LOOKUP_BY_UUID: ({ uuid }, { engine }) =>
      Effect.map(engine.storage.lookupPool({ uuid: uuidText(uuid) }), found),
    STORAGE_POOL_LOOKUP_BY_VOLUME: ({ vol }, { engine }) =>
      Effect.map(engine.storage.lookupPool({ name: vol.pool }), found),
    STORAGE_POOL_LOOKUP_BY_TARGET_PATH: ({ path }, { engine }) =>
      Effect.map(engine.storage.lookupPool({ targetPath: path }), found),
    STORAGE_POOL_CREATE_XML: knowing("virStoragePoolCreateXML", withBuild, createXml),
    STORAGE_POOL_DEFINE_XML: knowing("virStoragePoolDefineXML", validate, defineXml),
    STORAGE_POOL_CREATE: knowing("virStoragePoolCreate", withBuild, ({ pool, flags }, { engine }) =>
      engine.storage.startPool(poolKey(pool), { isBuilding: (flags & withBuild) !== 0 })
    ),
    STORAGE_POOL_BUILD: knowing("virStoragePoolBuild", 0, ({ pool }, { engine }) =>
      engine.storage.buildPool(poolKey(pool))
    ),
    STORAGE_POOL_DESTROY: ({ pool }, { engine }) => engine.storage.stopPool(poolKey(pool)),
    STORAGE_POOL_DELETE: knowing("virStoragePoolDelete", 0, ({ pool }, { engine }) =>
      engine.storage.deletePool(poolKey(pool))
    ),
    STORAGE_POOL_UNDEFINE: ({ pool }, { engine }) => engine.storage.undefinePool(poolKey(pool)),
    STORAGE_POOL_REFRESH: knowing("virStoragePoolRefresh", 0, ({ pool }, { engine }) =>
      engine.storage.refreshPool(poolKey(pool))
    ),
    STORAGE_POOL_GET_INFO: getInfo,
    STORAGE_POOL_GET_XML_DESC: knowing("virStoragePoolGetXMLDesc", inactiveXml, getXml),
    STORAGE_POOL_GET_AUTOSTART: look(({ isAutostart }) => ({ autostart: flag(isAutostart) })),
    STORAGE_POOL_SET_AUTOSTART: ({ pool, autostart }, { engine }) =>
      engine.storage.setPoolAutostart(poolKey(pool), autostart !== 0),
    STORAGE_POOL_IS_ACTIVE: look(({ isActive }) => ({ active: flag(isActive) })),
    STORAGE_POOL_IS_PERSISTENT: look(({ isPersistent }) => ({ persistent: flag(isPersistent) }))
  }
}
