/**
 * Region `power`: what is told to the guest through its hardware or its agent. The call is answered
 * when it has been told; whether the guest obeys shows in region `life`.
 */
import { and, assign } from "xstate"
import { answered, failed } from "../../src/base/protocol.ts"
import { base, epochOf, gone } from "./base.ts"
import { endsOnReboot } from "./change.ts"

export const power = base.createStateConfig({
  initial: "idle",
  states: {
    idle: {
      on: {
        signal: [
          { guard: and(["isAlive", "isSought"]), actions: "postpone" },
          {
            guard: "isAlive",
            target: "sending",
            actions: assign({
              signal: ({ context, event }) => ({
                call: event.call,
                signal: event.signal,
                mode: event.mode,
                wasRebooting: context.isRebooting
              }),
              // Before it is sent: a guest may have powered off before we hear that it was told to.
              isRebooting: ({ context, event }) => {
                if (event.signal === "shutdown") return false
                return event.signal === "reboot" ? !endsOnReboot(context.live) : context.isRebooting
              }
            })
          }
        ]
      }
    },
    sending: {
      entry: {
        type: "sendSignal",
        params: ({ context }) => ({
          epoch: epochOf(context),
          signal: context.signal?.signal ?? "shutdown",
          mode: context.signal?.mode ?? "default"
        })
      },
      exit: { type: "stop", params: { script: "sendSignal" } },
      // What was told to one guest says nothing of the next.
      always: {
        guard: "isEnding",
        target: "idle",
        actions: [
          {
            type: "reply",
            params: ({ context }) => ({
              calls: context.signal === undefined ? [] : [context.signal.call],
              answer: gone(context, context.signal?.signal ?? "signal")
            })
          },
          assign({ signal: undefined })
        ]
      },
      on: {
        signal: { actions: "postpone" },
        signalled: {
          target: "idle",
          actions: [
            {
              type: "reply",
              params: ({ context, event }) => ({
                calls: context.signal === undefined ? [] : [context.signal.call],
                answer: event.failure === undefined ? answered() : failed(event.failure)
              })
            },
            assign({
              // A reboot by the power button is a shutdown that we answer with a reset. One by the
              // agent is the guest's own, and one that was not sent changes nothing.
              isRebooting: ({ context, event }) =>
                event.failure === undefined && event.viaAcpi
                  ? context.isRebooting
                  : (context.signal?.wasRebooting ?? false),
              signal: undefined
            })
          ]
        }
      }
    }
  }
})
