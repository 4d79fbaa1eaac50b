/**
 * Region `monitor`: whether QEMU can be talked to. A QEMU that does not answer is `silent`: the
 * guest stays running or paused as last known, listed, and can be destroyed.
 */
import { and, not } from "xstate"
import { base, epochOf, hear } from "./base.ts"

const seek = {
  entry: {
    type: "reattach" as const,
    params: ({ context }: { context: Parameters<typeof epochOf>[0] }) => ({
      epoch: epochOf(context)
    })
  },
  exit: { type: "stop" as const, params: { script: "reattach" } },
  always: { guard: "isEnding" as const, target: "none" }
}

export const monitor = base.createStateConfig({
  initial: "none",
  on: { released: ".none" },
  states: {
    none: {
      on: {
        monitorReady: "live",
        adopt: {
          guard: and([not("wasUnborn"), not("wasOver")]),
          target: "connecting"
        }
      }
    },
    /** A guest of an earlier engine: sought until it is found, or seen dead. */
    connecting: { ...seek, on: { reattached: { target: "live", actions: hear } } },
    live: {
      on: {
        monitorSilent: "silent",
        monitorEnded: { guard: and([not("isEnding"), "isAlive"]), target: "lost" }
      }
    },
    silent: {
      on: {
        monitorHeard: "live",
        monitorReady: "live",
        monitorEnded: { guard: and([not("isEnding"), "isAlive"]), target: "lost" }
      }
    },
    /** The connection ended. Nearly always QEMU has; the process is asked, not the socket. */
    lost: { ...seek, on: { reattached: { target: "live", actions: hear } } }
  }
})
