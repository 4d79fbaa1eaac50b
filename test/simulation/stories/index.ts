/** The stories worth turning into tests first: one file each, named after what went wrong. */
import { acpiThenAgentReboot } from "./acpi-then-agent-reboot.ts"
import { aliveAfterKill } from "./alive-after-kill.ts"
import { cancelBeforeStart } from "./cancel-before-start.ts"
import { configFlip } from "./config-flip.ts"
import { crashBetweenSpawnAndStatus } from "./crash-between-spawn-and-status.ts"
import { eventBeforeReply } from "./event-before-reply.ts"
import { lateEof } from "./late-eof.ts"
import { removedTooEarly } from "./removed-too-early.ts"
import { restartOrder } from "./restart-order.ts"
import { shutdownInInit } from "./shutdown-in-init.ts"
import { silentQemu } from "./silent-qemu.ts"
import type { Story } from "./story.ts"
import { transientTwin } from "./transient-twin.ts"
import { twinRollback } from "./twin-rollback.ts"
import { undefineUnderStart } from "./undefine-under-start.ts"

export type { Broken, Story } from "./story.ts"

export const stories: readonly Story[] = [
  transientTwin,
  undefineUnderStart,
  lateEof,
  eventBeforeReply,
  twinRollback,
  aliveAfterKill,
  removedTooEarly,
  restartOrder,
  crashBetweenSpawnAndStatus,
  shutdownInInit,
  acpiThenAgentReboot,
  configFlip,
  silentQemu,
  cancelBeforeStart
]
