/** What QEMU tells of its I/O threads, and of the last measurement of written memory. */
import * as Effect from "effect/Effect"
import { command } from "../qmp/command.ts"
import type { Ask } from "./guest-ask.ts"

/** With how long each polls. */
export const askIothreads = (ask: Ask) => ask(command("query-iothreads"))

/** A QEMU before 5.2 has not heard of it, and has measured nothing. */
export const askDirtyRate = (ask: Ask) =>
  Effect.catchTag(ask(command("query-dirty-rate")), "GuestRefused", () => Effect.succeed(null))
