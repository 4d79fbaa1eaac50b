/** `<filesystem>`: a folder of the host for the guest to mount. */
import type { Filesystem, FilesystemDriver } from "../../model/device/filesystem.ts"
import { nonEmpty, oneOf, string } from "../codec.ts"
import {
  attribute,
  changesGuest,
  child,
  constant,
  fields,
  flag,
  orElse,
  required
} from "../describe.ts"
import { deviceInfo, virtioOptions } from "./info.ts"

const models = oneOf("virtio", "virtio-transitional", "virtio-non-transitional")

const driver = fields<FilesystemDriver>({
  type: attribute("type", nonEmpty),
  "@format": changesGuest,
  "@name": changesGuest,
  writePolicy: attribute("wrpolicy", oneOf("immediate")),
  "@queue": changesGuest,
  ...virtioOptions
})

export const filesystem = fields<Filesystem>({
  kind: constant("filesystem"),
  type: orElse(
    attribute("type", oneOf("mount", "template", "file", "block", "ram", "bind")),
    "mount"
  ),
  accessMode: attribute("accessmode", oneOf("passthrough", "mapped", "squash")),
  model: attribute("model", models),
  multidevs: attribute("multidevs", oneOf("default", "remap", "forbid", "warn")),
  fileMode: attribute("fmode", nonEmpty),
  folderMode: attribute("dmode", nonEmpty),
  driver: child("driver", driver),
  "<binary>": changesGuest,
  source: orElse(
    child(
      "source",
      fields<Filesystem["source"]>({ dir: attribute("dir", string), "@socket": changesGuest })
    ),
    {}
  ),
  target: required(
    "target of the file system",
    child(
      "target",
      fields<Filesystem["target"]>({
        dir: required("dir of the target", attribute("dir", nonEmpty))
      })
    )
  ),
  isReadonly: flag("readonly"),
  "<space_hard_limit>": changesGuest,
  "<space_soft_limit>": changesGuest,
  ...deviceInfo
})
