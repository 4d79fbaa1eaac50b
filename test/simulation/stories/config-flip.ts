/**
 * The config changes between the start of a guest and its end: what it was given under the old one
 * is given back under the old one. The range of display ports is flipped there and back.
 */
import type { SimulatedHost } from "../../../src/testing/host/host.ts"
import type { Invariant } from "../../../src/testing/simulation/view.ts"
import { simulatedRoot } from "../../../src/testing/simulation/lives.ts"
import { isOk, planOf, story } from "./story.ts"

const domain = 0

const flips = planOf([
  [
    { call: "start", domain },
    { call: "reloadConfig", afterMs: 1000 },
    { call: "destroy", domain },
    { call: "start", domain },
    { call: "reloadConfig", afterMs: 1000 },
    { call: "destroy", domain },
    { call: "start", domain }
  ]
])

const write = ({ disk }: SimulatedHost, text: string): void => {
  const folder = `${simulatedRoot}/etc`
  if (!disk.has(folder)) disk.makeDirectory(folder, 0o755)
  const file = disk.createFile(`${folder}/qemu.conf`, 0o644, false)
  disk.truncate(file, 0)
  disk.write(file, new TextEncoder().encode(text))
}

/** After the first start the displays move to 6000 and up, after the second one back. */
const texts = ["remote_display_port_min = 6000\n", "remote_display_port_min = 5900\n"] as const

/** The display of each QEMU, in the order of their starts. */
let displays: string[] = []

const flipping = (): Invariant => {
  displays = []
  let written = 0
  const seen = new Set<number>()
  return {
    id: "config",
    name: "Flipped",
    statement: "The config is changed between calls, and the words of each QEMU are read.",
    make: () => ({
      step: ({ host, history }) => {
        for (const { pid, argv } of host.inventory().processes) {
          const at = argv.indexOf("-vnc")
          if (at < 0 || seen.has(pid)) continue
          seen.add(pid)
          displays.push(argv[at + 1] ?? "")
        }
        const mine = history.operations.filter(({ client }) => client >= 0)
        const starts = mine.filter(({ call, result }) => call.call === "start" && result)
        if (starts.length > written && written < texts.length) write(host, texts[written++] ?? "")
        return undefined
      }
    })
  }
}

export const configFlip = story({
  name: "config flip",
  zoo: ["Z129"],
  orders: 6,
  plans: () => [flips],
  watching: flipping,
  oracle: (seen) => {
    if (!["start", "reloadConfig", "destroy"].every((call) => seen.calls(call).every(isOk)))
      return "a call failed"
    const [first, second, third] = displays
    if (first === undefined || second === undefined) return `displays: ${displays.join(" ")}`
    if (first === second) return `the second guest is on ${second} still`
    return first === third ? undefined : `${first} was not given back: the third is on ${third}`
  }
})
