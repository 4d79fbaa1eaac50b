/**
 * A machine that is not ours: regions, a name with a blank in it, a way that goes on of itself.
 * `kettle.events.json` is what `createInspector` of `@statelyai/inspect` 0.7.2 told of it, and of
 * a machine without an id, when they were sent press, open, lift, close and press.
 */
import { assign, createMachine } from "xstate"

export const kettle = createMachine({
  id: "kettle",
  type: "parallel",
  states: {
    power: {
      initial: "off",
      states: {
        off: {
          on: {
            press: { target: "on", guard: () => true, actions: [assign({ uses: 1 }), "click"] }
          }
        },
        on: {
          initial: "heating up",
          on: { press: "off" },
          states: {
            "heating up": { after: { 20: "hot" }, on: { lift: { target: "#kettle.power.off" } } },
            hot: { always: { target: "done" } },
            done: { type: "final" }
          },
          onDone: { target: "off" }
        }
      }
    },
    lamp: {
      initial: "dark",
      states: { dark: { on: { press: "lit" } }, lit: { on: { press: "dark" } } }
    }
  }
})
