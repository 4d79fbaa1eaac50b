/** Which kinds of pools there are here, and what a volume of each can be. */
import type { Handlers } from "../server/handler.ts"
import { knowing } from "./flags.ts"

/** All that libvirt 9.0 names; those that are not here are said to be unsupported. */
const others: readonly string[] = [
  "fs",
  "netfs",
  "logical",
  "disk",
  "iscsi",
  "iscsi-direct",
  "scsi",
  "mpath",
  "rbd",
  "sheepdog",
  "gluster",
  "zfs",
  "vstorage"
]

/** What new volumes can be (`src/storage/creation.ts`). */
const formats = ["raw", "qcow2"]

const xml = [
  "<storagepoolCapabilities>",
  "  <pool type='dir' supported='yes'>",
  "    <volOptions>",
  "      <defaultFormat type='raw'/>",
  "      <enum name='targetFormatType'>",
  ...formats.map((format) => `        <value>${format}</value>`),
  "      </enum>",
  "    </volOptions>",
  "  </pool>",
  ...others.map((type) => `  <pool type='${type}' supported='no'/>`),
  "</storagepoolCapabilities>",
  ""
].join("\n")

export const storageCapabilities: Handlers = {
  remote: {
    CONNECT_GET_STORAGE_POOL_CAPABILITIES: knowing(
      "virConnectGetStoragePoolCapabilities",
      0,
      () => ({ capabilities: xml })
    )
  }
}
