/** Which SCSI unit a definition means, by the host's adapter, bus, target and unit. Reads only. */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"
import { listNames, numberIn } from "../host/node-files.ts"
import { scsiDevicesAt } from "../host/scsi.ts"
import type { ScsiSource } from "../model/device/hostdev.ts"
import { HostdevNotFound, HostdevUnusable } from "../model/hostdev-error.ts"

/** `0:0:1:0`; undefined for an adapter that is none of the kernel's. */
export const scsiName = ({ adapter, unit }: ScsiSource): string | undefined => {
  const host = numberIn(/^scsi_host(\d+)$/.exec(adapter ?? "")?.[1])
  if (host === undefined || unit === undefined) return undefined
  return [host, unit.bus, unit.target, unit.unit].join(":")
}

/** `/dev/sg3`: what QEMU talks to the unit through. Undefined without the kernel's `sg`. */
export const genericNode = (device: string) =>
  Effect.map(listNames(`${scsiDevicesAt}/${device}/scsi_generic`), ([name]) =>
    name !== undefined && /^sg\d+$/.test(name) ? `/dev/${name}` : undefined
  )

/** Of a unit that is there: QEMU has no other way to it than its generic node. */
export const unitProblem = (device: string) =>
  Effect.map(genericNode(device), (node) =>
    node === undefined
      ? "it has no generic node (/dev/sgN): load the kernel's module 'sg'"
      : undefined
  )

/** Its name; fails where it is not there, or has no generic node. */
export const resolveScsi = Effect.fnUntraced(function* (source: ScsiSource) {
  const files = yield* Files
  const device = scsiName(source)
  if (device === undefined) {
    const why = "its <source> names no <adapter name='scsi_hostN'/> with an <address>"
    return yield* new HostdevUnusable({ device: "of type SCSI", why })
  }
  const path = `${scsiDevicesAt}/${device}`
  if ((yield* Effect.option(files.stat(path)))._tag === "None")
    return yield* new HostdevNotFound({
      what: `SCSI device ${device}`,
      why: `${path} does not exist`
    })
  const why = yield* unitProblem(device)
  if (why !== undefined) return yield* new HostdevUnusable({ device, why })
  return device
})
