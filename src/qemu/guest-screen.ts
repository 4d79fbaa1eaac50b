/**
 * What QEMU puts into files for us: pictures of the guest's screens, and pieces of its memory.
 * Keys and interrupts for the guest too. Says where files go, never reads them.
 */
import * as Effect from "effect/Effect"
import { devicesOf } from "../model/device.ts"
import type { Domain } from "../model/domain.ts"
import { command, injectNmi, screendump } from "../qmp/command.ts"
import type { Ask } from "./guest-ask.ts"
import { sendKeyWords } from "./guest-keys.ts"

export interface Screen {
  readonly device: string | undefined
  readonly head: number
}

/** Heads of the video cards, in order. */
export const screensOf = (live: Domain): readonly Screen[] =>
  devicesOf(live, "video").flatMap(({ alias, model }) =>
    model.type === "none"
      ? []
      : Array.from({ length: Math.max(1, model.heads ?? 1) }, (_, head) => ({
          device: alias,
          head
        }))
  )

/** The picture's type: QEMU writes PNG where it was built to (since 7.1), else PPM. */
export const takePicture = (ask: Ask, { device, head }: Screen, filename: string) => {
  const shot = device === undefined ? { filename } : { filename, device, head }
  return Effect.as(ask(screendump({ ...shot, format: "png" })), "image/png").pipe(
    // Refused for another reason, it is refused again.
    Effect.catchTag("GuestRefused", () =>
      Effect.as(ask(screendump(shot)), "image/x-portable-pixmap")
    )
  )
}

export interface Peek {
  readonly kind: "virtual" | "physical"
  readonly start: bigint
  readonly sizeBytes: number
  readonly filename: string
}

/** `virtual`: as the first vCPU sees it now. */
export const peekMemory = (ask: Ask, { kind, start, sizeBytes, filename }: Peek) =>
  ask(
    command(kind === "virtual" ? "memsave" : "pmemsave", {
      val: start,
      size: sizeBytes,
      filename
    })
  )

export const pressKeys = (ask: Ask, qnums: readonly number[], holdMs: number) =>
  ask(command("send-key", sendKeyWords(qnums, holdMs)))

export const interrupt = (ask: Ask) => ask(injectNmi())
