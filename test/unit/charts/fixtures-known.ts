/**
 * Machines that many have drawn, written anew from what they are known to do: a connection of TCP
 * (RFC 9293, 3.3.2), a wrist watch like the one that statecharts were invented on, a cash machine.
 */
import { type AnyStateMachine, createMachine } from "xstate"

const tcp = createMachine({
  id: "tcp",
  initial: "closed",
  states: {
    closed: {
      on: {
        LISTEN: { target: "listen", actions: "createBlock" },
        CONNECT: { target: "synSent", actions: ["createBlock", "sendSyn"] }
      }
    },
    listen: {
      on: {
        SYN: { target: "synReceived", actions: "sendSynAck" },
        SEND: { target: "synSent", actions: "sendSyn" },
        CLOSE: { target: "closed", actions: "deleteBlock" }
      }
    },
    synSent: {
      on: {
        SYN: { target: "synReceived", actions: "sendSynAck" },
        SYN_ACK: { target: "established", actions: "sendAck" },
        CLOSE: { target: "closed", actions: "deleteBlock" }
      },
      after: { SYN_TIMEOUT: { target: "synSent", reenter: true, actions: "sendSyn" } }
    },
    synReceived: {
      on: {
        ACK: "established",
        RST: [{ guard: "wasListening", target: "listen" }, { target: "closed" }],
        CLOSE: { target: "finWait1", actions: "sendFin" }
      }
    },
    established: {
      on: {
        SEGMENT: { actions: ["deliver", "sendAck"] },
        FIN: { target: "closeWait", actions: "sendAck" },
        CLOSE: { target: "finWait1", actions: "sendFin" }
      }
    },
    finWait1: {
      on: {
        ACK: "finWait2",
        FIN: { target: "closing", actions: "sendAck" },
        FIN_ACK: { target: "timeWait", actions: "sendAck" }
      }
    },
    finWait2: { on: { FIN: { target: "timeWait", actions: "sendAck" } } },
    closeWait: { on: { CLOSE: { target: "lastAck", actions: "sendFin" } } },
    closing: { on: { ACK: "timeWait" } },
    lastAck: { on: { ACK: { target: "closed", actions: "deleteBlock" } } },
    timeWait: { after: { TWICE_MSL: { target: "closed", actions: "deleteBlock" } } }
  },
  on: { ABORT: { target: ".closed", actions: ["sendRst", "deleteBlock"] } }
})

/** What is set one after another, by the same two buttons. */
const settings = (parts: readonly string[], end: string) => ({
  initial: parts[0] ?? "",
  on: { B: end },
  states: Object.fromEntries(
    parts.map((part, at) => {
      const next = parts[at + 1]
      const step = next === undefined ? end : next
      return [part, { on: { C: step, D: { actions: `advance ${part}` } } }]
    })
  )
})

const alarm = (name: string) => ({
  initial: "off",
  states: {
    off: { on: { [`TOGGLE_${name}`]: "on" } },
    on: { on: { [`TOGGLE_${name}`]: "off", [`AT_${name}`]: { actions: "beep" } } }
  }
})

const watch = createMachine({
  id: "watch",
  initial: "dead",
  states: {
    dead: { on: { BATTERY_IN: "alive" } },
    alive: {
      type: "parallel",
      on: { BATTERY_OUT: "dead" },
      states: {
        display: {
          initial: "time",
          states: {
            time: { on: { A: "alarm1", C_HELD: "update", D: "date" } },
            date: { after: { 120_000: "time" }, on: { D: "time" } },
            update: settings(
              ["second", "minute1", "minute10", "hour", "month", "day", "weekday", "year", "mode"],
              "#watch.alive.display.time"
            ),
            alarm1: {
              initial: "shown",
              on: { A: "alarm2" },
              states: {
                shown: { on: { D: { actions: "toggle alarm 1" }, C: "setting" } },
                setting: settings(["hour", "tens", "minutes"], "#watch.alive.display.alarm1.shown")
              }
            },
            alarm2: {
              initial: "shown",
              on: { A: "chime" },
              states: {
                shown: { on: { D: { actions: "toggle alarm 2" }, C: "setting" } },
                setting: settings(["hour", "tens", "minutes"], "#watch.alive.display.alarm2.shown")
              }
            },
            chime: { on: { A: "stopwatch", D: { actions: "toggle chime" } } },
            stopwatch: {
              initial: "zero",
              on: { A: "time" },
              states: {
                last: { type: "history" },
                zero: { on: { B: "running" } },
                running: {
                  initial: "regular",
                  on: { B: "stopped" },
                  states: { regular: { on: { D: "lap" } }, lap: { on: { D: "regular" } } }
                },
                stopped: { on: { B: "running", D: "zero" } }
              }
            }
          }
        },
        alarm1: alarm("ALARM_1"),
        alarm2: alarm("ALARM_2"),
        chime: alarm("CHIME"),
        light: {
          initial: "dark",
          states: { dark: { on: { LIT: "lit" } }, lit: { on: { UNLIT: "dark" } } }
        },
        power: {
          initial: "enough",
          states: { enough: { on: { WEAKENS: "low" } }, low: { entry: "blink" } }
        }
      }
    }
  }
})

const cashMachine = createMachine({
  id: "cashMachine",
  initial: "outOfService",
  states: {
    outOfService: { on: { START: "selfTest" } },
    selfTest: {
      invoke: {
        src: "test",
        onDone: "idle",
        onError: { target: "outOfService", actions: "report" }
      }
    },
    idle: {
      on: { CARD: "reading", SWITCH_OFF: "outOfService" },
      always: { guard: "isEmpty", target: "outOfService" }
    },
    reading: {
      invoke: { src: "read", onDone: "serving", onError: "ejecting" }
    },
    serving: {
      initial: "pin",
      on: { CANCEL: "ejecting" },
      after: { 60_000: "ejecting" },
      states: {
        pin: {
          initial: "typing",
          states: {
            typing: {
              on: { DIGIT: { actions: "store" }, CLEAR: { actions: "forget" }, ENTER: "checking" }
            },
            checking: {
              invoke: {
                src: "check",
                onDone: "right",
                onError: [
                  { guard: "isThird", target: "#cashMachine.retaining" },
                  { target: "typing", actions: "complain" }
                ]
              }
            },
            right: { type: "final" }
          },
          onDone: "choosing"
        },
        choosing: { on: { BALANCE: "balance", CASH: "amount", PAY_IN: "payingIn" } },
        balance: {
          invoke: { src: "ask", onDone: "shown", onError: "failed" }
        },
        shown: { on: { MORE: "choosing" } },
        amount: {
          on: { AMOUNT: [{ guard: "isThere", target: "booking" }, { actions: "complain" }] }
        },
        booking: { invoke: { src: "book", onDone: "counting", onError: "failed" } },
        counting: { entry: "count", on: { COUNTED: "handing", JAM: "undoing" } },
        handing: { on: { TAKEN: "receipt" }, after: { 30_000: "undoing" } },
        payingIn: { on: { NOTES: "examining" } },
        examining: { on: { GOOD: "receipt", BAD: { target: "payingIn", actions: "giveBack" } } },
        undoing: { invoke: { src: "undo", onDone: "failed" } },
        receipt: { on: { PRINT: { actions: "print" }, MORE: "choosing", DONE: "done" } },
        failed: { entry: "apologise", on: { MORE: "choosing", DONE: "done" } },
        done: { type: "final" }
      },
      onDone: "ejecting"
    },
    ejecting: { entry: "eject", on: { CARD_TAKEN: "idle" }, after: { 20_000: "retaining" } },
    retaining: { entry: "retain", always: "idle" }
  }
})

export const knownFixtures: { readonly [name: string]: AnyStateMachine } = {
  tcp,
  watch,
  cashMachine
}
