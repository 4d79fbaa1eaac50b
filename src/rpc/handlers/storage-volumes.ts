/** Volumes of storage pools: lists, look-ups, making and changing them; not their bytes. */
import * as Effect from "effect/Effect"
import type { CreateVolume, VolumeKey } from "../../engine/storage.ts"
import type { Volume } from "../../model/storage.ts"
import { RpcRefusal } from "../refusal.ts"
import type { Client, Handler, Handlers, Work } from "../server/handler.ts"
import { knowing, upTo } from "./flags.ts"
import {
  bounded,
  bytesOf,
  namesMax,
  poolKey,
  volumeKey,
  volumeOnWire
} from "./storage-reference.ts"

/** VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA and _VALIDATE; reflinks are refused. */
const preallocate = 1
const validate = 4

/** VIR_STORAGE_VOL_RESIZE_* */
const resizeFlags = { allocate: 1, delta: 2, shrink: 4 }

/** VIR_STORAGE_VOL_GET_PHYSICAL */
const physical = 1

/** VIR_STORAGE_VOL_FILE: a volume of a folder is nothing else. */
const fileType = 0

/** virStorageVolWipeAlgorithm, from 0. */
const wipeAlgorithms: readonly string[] = [
  "zero",
  "nnsa",
  "dod",
  "bsi",
  "gutmann",
  "schneier",
  "pfitzner7",
  "pfitzner33",
  "random",
  "trim"
]

const listAll: Handler<"remote", "STORAGE_POOL_LIST_ALL_VOLUMES"> = (
  { pool, need_results: needResults },
  { engine }
) =>
  Effect.gen(function* () {
    const vols = yield* bounded("volumes", yield* engine.storage.listVolumes(poolKey(pool)))
    return { vols: needResults === 0 ? [] : vols.map(volumeOnWire), ret: vols.length }
  })

const listNames = upTo(
  namesMax,
  (
    { pool, maxnames }: { readonly pool: { readonly uuid: Uint8Array }; readonly maxnames: number },
    { engine }: Client
  ) =>
    Effect.map(engine.storage.listVolumes(poolKey(pool)), (volumes) => ({
      names: volumes.slice(0, maxnames).map(({ name }) => name)
    }))
)

const lookUp = ({ engine }: Client, key: VolumeKey) =>
  Effect.map(engine.storage.lookupVolume(key), (volume) => ({ vol: volumeOnWire(volume) }))

const infoOf = ({ capacityBytes, allocationBytes, physicalBytes }: Volume, flags: number) => ({
  type: fileType,
  capacity: BigInt(capacityBytes),
  allocation: BigInt((flags & physical) === 0 ? allocationBytes : physicalBytes)
})

const creation = (flags: number): CreateVolume => ({
  isPreallocated: (flags & preallocate) !== 0,
  isValidated: (flags & validate) !== 0
})

const create: Handler<"remote", "STORAGE_VOL_CREATE_XML"> = ({ pool, xml, flags }, { engine }) =>
  Effect.map(engine.storage.createVolume(poolKey(pool), xml, creation(flags)), (volume) => ({
    vol: volumeOnWire(volume)
  }))

const copy: Handler<"remote", "STORAGE_VOL_CREATE_XML_FROM"> = (
  { pool, xml, clonevol, flags },
  { engine }
) =>
  Effect.map(
    engine.storage.copyVolume(poolKey(pool), xml, {
      ...creation(flags),
      from: volumeKey(clonevol)
    }),
    (volume) => ({ vol: volumeOnWire(volume) })
  )

const resize: Handler<"remote", "STORAGE_VOL_RESIZE"> = ({ vol, capacity, flags }, { engine }) =>
  Effect.flatMap(bytesOf("a capacity of", capacity), (capacityBytes) =>
    engine.storage.resizeVolume(volumeKey(vol), {
      capacityBytes,
      isAllocating: (flags & resizeFlags.allocate) !== 0,
      isDelta: (flags & resizeFlags.delta) !== 0,
      isShrinking: (flags & resizeFlags.shrink) !== 0
    })
  )

const wipe = ({ engine }: Client, key: VolumeKey, algorithm: number): Work<void> => {
  const name = wipeAlgorithms[algorithm]
  return name === undefined
    ? Effect.fail(
        new RpcRefusal({
          code: "INVALID_ARG",
          domain: "STORAGE",
          text: `wiping algorithm ${algorithm} not supported`
        })
      )
    : engine.storage.wipeVolume(key, name)
}

export const storageVolumes: Handlers = {
  remote: {
    STORAGE_POOL_NUM_OF_VOLUMES: ({ pool }, { engine }) =>
      Effect.map(engine.storage.listVolumes(poolKey(pool)), ({ length }) => ({ num: length })),
    STORAGE_POOL_LIST_VOLUMES: listNames,
    STORAGE_POOL_LIST_ALL_VOLUMES: knowing("virStoragePoolListAllVolumes", 0, listAll),
    STORAGE_VOL_LOOKUP_BY_NAME: ({ pool, name }, client) =>
      lookUp(client, { pool: poolKey(pool), name }),
    STORAGE_VOL_LOOKUP_BY_KEY: ({ key }, client) => lookUp(client, { key }),
    STORAGE_VOL_LOOKUP_BY_PATH: ({ path }, client) => lookUp(client, { path }),
    STORAGE_VOL_GET_PATH: ({ vol }, { engine }) =>
      Effect.map(engine.storage.lookupVolume(volumeKey(vol)), ({ key }) => ({ name: key })),
    STORAGE_VOL_GET_INFO: ({ vol }, { engine }) =>
      Effect.map(engine.storage.volume(volumeKey(vol)), (volume) => infoOf(volume, 0)),
    STORAGE_VOL_GET_INFO_FLAGS: knowing(
      "virStorageVolGetInfoFlags",
      physical,
      ({ vol, flags }, { engine }) =>
        Effect.map(engine.storage.volume(volumeKey(vol)), (volume) => infoOf(volume, flags))
    ),
    STORAGE_VOL_GET_XML_DESC: knowing("virStorageVolGetXMLDesc", 0, ({ vol }, { engine }) =>
      Effect.map(engine.storage.volumeXML(volumeKey(vol)), (xml) => ({ xml }))
    ),
    STORAGE_VOL_CREATE_XML: knowing("virStorageVolCreateXML", preallocate | validate, create),
    STORAGE_VOL_CREATE_XML_FROM: knowing(
      "virStorageVolCreateXMLFrom",
      preallocate | validate,
      copy
    ),
    STORAGE_VOL_DELETE: knowing("virStorageVolDelete", 0, ({ vol }, { engine }) =>
      engine.storage.deleteVolume(volumeKey(vol))
    ),
    STORAGE_VOL_RESIZE: knowing(
      "virStorageVolResize",
      resizeFlags.allocate | resizeFlags.delta | resizeFlags.shrink,
      resize
    ),
    STORAGE_VOL_WIPE: knowing("virStorageVolWipe", 0, ({ vol }, client) =>
      wipe(client, volumeKey(vol), 0)
    ),
    STORAGE_VOL_WIPE_PATTERN: knowing("virStorageVolWipePattern", 0, ({ vol, algorithm }, client) =>
      wipe(client, volumeKey(vol), algorithm)
    )
  }
}
