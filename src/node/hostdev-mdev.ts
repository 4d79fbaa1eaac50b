/** Which mediated device a definition means: a part of a device that its driver can divide. */
import * as Effect from "effect/Effect"
import { mdevAt } from "../host/device-other.ts"
import { readTarget } from "../host/device-record.ts"
import { Files } from "../host/files.ts"
import type { MdevSource } from "../model/device/hostdev.ts"
import { HostdevNotFound, HostdevUnusable } from "../model/hostdev-error.ts"

/** Its uuid; fails where nobody has made it. */
export const resolveMdev = Effect.fnUntraced(function* ({ uuid, model }: MdevSource) {
  const files = yield* Files
  const path = `${mdevAt}/${uuid}`
  if (model !== "vfio-pci") {
    const why = `devices of model '${model}' are of another architecture`
    return yield* new HostdevUnusable({ device: uuid, why })
  }
  if ((yield* Effect.option(files.stat(path)))._tag === "None") {
    const why = `${path} does not exist; make it first (nodedev-create, or its driver's 'create')`
    return yield* new HostdevNotFound({ what: `mediated device ${uuid}`, why })
  }
  if ((yield* readTarget(path, "iommu_group")) === undefined) {
    const why = "it is in no IOMMU group: no driver of VFIO has it"
    return yield* new HostdevUnusable({ device: uuid, why })
  }
  return uuid
})
