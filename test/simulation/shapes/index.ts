/** The shapes worth turning into tests first, each named after the bug that it is the shape of. */
import { beginnings } from "./beginnings.ts"
import { devices } from "./devices.ts"
import { disks } from "./disks.ts"
import { endings } from "./endings.ts"
import { guests } from "./guests.ts"
import { monitors } from "./monitors.ts"
import { recoveries } from "./recoveries.ts"
import type { Shape } from "./shape.ts"

export const shapes: readonly Shape[] = [
  ...beginnings,
  ...recoveries,
  ...guests,
  ...monitors,
  ...endings,
  ...disks,
  ...devices
]
