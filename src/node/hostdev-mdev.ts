/** Which mediated device a definition means: a part of a device that its driver can divide. */
import * as Effect from "effect/Effect"
import { mdevAt } from "../host/device-other.ts"
import { readTarget } from "../host/device-record.ts"
import { Files } from "../host/files.ts"
import type { MdevSource } from "../model/device/hostdev.ts"
import { HostdevNotFound, HostdevUnusable } from "../model/hostdev-error.ts"

/** Of one that was made. */
export const partProblem = (path: string) =>
  Effect.map(readTarget(path, "iommu_group"), (group) =>
    group === undefined ? "it is in no IOMMU group: no driver of VFIO has it" : undefined
  )

/** Its uuid; fails where nobody has made it. */
export const resolveMdev = Effect.fnUntraced(function* ({ uuid, model }: MdevSource) {
  const files = yield* Files
  const path = `${mdevAt}/${uuid}`
  if (model !== "vfio-pci") {
    const why = `devices of model '${model}' are of another architecture`
    return yield* new HostdevUnusable({ device: uuid, why })
  }
  if ((yield* Effect.option(files.stat(path)))._tag === "None") {
    const why =
      `${path} does not exist; make it first: write ${uuid} into 'create' of one of its parent's ` +
      "mdev_supported_types, or 'mdevctl start'"
    return yield* new HostdevNotFound({ what: `mediated device ${uuid}`, why })
  }
  const why = yield* partProblem(path)
  if (why !== undefined) return yield* new HostdevUnusable({ device: uuid, why })
  return uuid
})
