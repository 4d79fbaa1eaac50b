/**
 * The graphics card that the firmware chose and the host shows something on: its console by a
 * frame buffer, or a picture at a connector. Reads only.
 */
import * as Effect from "effect/Effect"
import { lastOf, readAttribute, readPath } from "../host/device-record.ts"
import { drmAt } from "../host/device-other.ts"
import type { Files } from "../host/files.ts"
import { listNames } from "../host/node-files.ts"
import { pciDevicesAt, placeOf } from "../host/pci.ts"
import type { HostUse } from "./hostdev-used.ts"

const graphicsAt = "/sys/class/graphics"
const terminalsAt = "/sys/class/vtconsole"

/** The place of the PCI function that something is a part of. */
const functionOf = (path: string): string | undefined => {
  const parts = path.split("/")
  const last = parts.findLastIndex((part) => placeOf(part) !== undefined)
  return last < 0 ? undefined : parts.slice(0, last + 1).join("/")
}

/** Whether the kernel's terminals are drawn into a frame buffer. */
const isDrawn = Effect.gen(function* () {
  for (const name of yield* listNames(terminalsAt)) {
    const at = `${terminalsAt}/${name}`
    const isBuffer = (yield* readAttribute(at, "name"))?.includes("frame buffer") === true
    if (isBuffer && (yield* readAttribute(at, "bind")) === "1") return true
  }
  return false
})

interface Shown {
  /** Undefined: the firmware's frame buffer, which belongs to the card that it chose. */
  readonly card: string | undefined
  readonly why: string
}

const readBuffers = Effect.gen(function* () {
  if (!(yield* isDrawn)) return []
  const names = (yield* listNames(graphicsAt)).filter((name) => /^fb\d+$/.test(name))
  return yield* Effect.forEach(names, (name) =>
    Effect.map(readPath(`${graphicsAt}/${name}`), (path): Shown => {
      const card = path === undefined ? undefined : functionOf(path)
      return { card, why: `it shows the host's console (${name})` }
    })
  )
})

const readConnectors = Effect.gen(function* () {
  const found: Shown[] = []
  for (const name of (yield* listNames(drmAt)).filter((one) => /^card\d+-/.test(one))) {
    const path = yield* readPath(`${drmAt}/${name}`)
    if (path === undefined || (yield* readAttribute(path, "enabled")) !== "enabled") continue
    found.push({ card: functionOf(path), why: `it shows a picture of the host's (${name})` })
  }
  return found
})

/** Where the cards are that the firmware shows itself on: one, where there is any. */
const readChosen = Effect.gen(function* () {
  const found: string[] = []
  for (const address of yield* listNames(pciDevicesAt)) {
    const link = `${pciDevicesAt}/${address}`
    if ((yield* readAttribute(link, "boot_vga")) !== "1") continue
    found.push((yield* readPath(link)) ?? link)
  }
  return found
})

export const readConsoleUses: Effect.Effect<readonly HostUse[], never, Files> = Effect.gen(
  function* () {
    const shown = [...(yield* readBuffers), ...(yield* readConnectors)]
    if (shown.length === 0) return []
    const chosen = yield* readChosen
    return chosen.flatMap((path): readonly HostUse[] => {
      const use = shown.find(({ card }) => card === undefined || lastOf(card) === lastOf(path))
      return use === undefined ? [] : [{ path, why: use.why }]
    })
  }
)
