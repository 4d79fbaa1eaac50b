/**
 * Machines as people write them, from what the documentation of xstate and its examples do: written
 * anew. The larger ones, up to sixty states, and all of them by name.
 */
import { type AnyStateMachine, createMachine } from "xstate"
import { dailyFixtures } from "./fixtures-daily.ts"
import { knownFixtures } from "./fixtures-known.ts"
import { smallFixtures } from "./fixtures-small.ts"

const step = (next: string, back?: string) => ({
  initial: "editing",
  states: {
    editing: { on: { INPUT: { actions: "store" }, SUBMIT: "validating" } },
    validating: {
      invoke: {
        src: "validate",
        onDone: "valid",
        onError: { target: "editing", actions: "complain" }
      }
    },
    valid: { type: "final" as const }
  },
  onDone: next,
  on: back === undefined ? {} : { BACK: back }
})

const checkout = createMachine({
  id: "checkout",
  initial: "cart",
  states: {
    cart: {
      on: {
        ADD: { actions: "add" },
        REMOVE: { actions: "remove" },
        CHECKOUT: { guard: "isFilled", target: "address" }
      }
    },
    address: step("shipping", "cart"),
    shipping: step("payment", "address"),
    payment: {
      initial: "method",
      states: {
        method: { on: { CARD: "card", PAYPAL: "paypal", INVOICE: "checked" } },
        card: { on: { PAY: "charging", BACK: "method" } },
        paypal: { on: { RETURNED: "charging", BACK: "method" } },
        charging: {
          invoke: { src: "charge", onDone: "checked", onError: "declined" },
          after: { 30_000: "declined" }
        },
        declined: { on: { RETRY: "charging", OTHER: "method" } },
        checked: { type: "final" }
      },
      onDone: "confirmed",
      on: { BACK: "shipping", CANCEL: "abandoned" }
    },
    confirmed: { type: "final", entry: "sendMail" },
    abandoned: { type: "final" }
  },
  on: { SESSION_LOST: { target: ".abandoned", actions: "logOut" } }
})

const login = createMachine({
  id: "login",
  initial: "signedOut",
  states: {
    signedOut: {
      initial: "form",
      states: {
        form: { on: { SUBMIT: "checking", FORGOT: "reset" } },
        checking: {
          invoke: {
            src: "authenticate",
            onDone: [{ guard: "needsSecond", target: "second" }, { target: "#login.signedIn" }],
            onError: [
              { guard: "isLast", target: "locked" },
              { target: "form", actions: "complain" }
            ]
          }
        },
        second: { on: { CODE: [{ guard: "fits", target: "#login.signedIn" }, "form"] } },
        reset: { on: { SENT: "form", BACK: "form" } },
        locked: { after: { 900_000: "form" } }
      }
    },
    signedIn: {
      initial: "active",
      states: { active: { after: { IDLE: "idle" } }, idle: { on: { MOVE: "active" } } },
      on: { SIGN_OUT: "signedOut", EXPIRED: { target: "signedOut", actions: "tell" } }
    }
  }
})

const elevator = createMachine({
  id: "elevator",
  type: "parallel",
  states: {
    car: {
      initial: "resting",
      states: {
        resting: { on: { CALL: [{ guard: "isHere", actions: "open" }, { target: "moving" }] } },
        moving: {
          initial: "closing",
          states: {
            closing: { on: { CLOSED: [{ guard: "isAbove", target: "up" }, { target: "down" }] } },
            up: { on: { FLOOR: { guard: "isWanted", target: "halting" } } },
            down: { on: { FLOOR: { guard: "isWanted", target: "halting" } } },
            halting: { type: "final" }
          },
          onDone: "resting"
        },
        stuck: { on: { RESET: "resting" } }
      },
      on: { ALARM: ".stuck" }
    },
    doors: {
      initial: "shut",
      states: {
        shut: { on: { OPEN: "opening" } },
        opening: { after: { 2_000: "open" } },
        open: { after: { 5_000: "shutting" }, on: { HOLD: { target: "open", reenter: true } } },
        shutting: { on: { BLOCKED: "opening" }, after: { 2_000: "shut" } }
      }
    },
    fan: { initial: "off", states: { off: { on: { HOT: "on" } }, on: { on: { COOL: "off" } } } }
  }
})

const upload = createMachine({
  id: "upload",
  initial: "choosing",
  states: {
    choosing: {
      on: { FILES: [{ guard: "tooLarge", actions: "complain" }, { target: "sending" }] }
    },
    sending: {
      type: "parallel",
      states: {
        bytes: {
          initial: "chunk",
          states: {
            chunk: {
              invoke: { src: "sendChunk", onDone: "next", onError: "failed" },
              on: { PAUSE: "paused" }
            },
            next: { always: [{ guard: "isLast", target: "sent" }, { target: "chunk" }] },
            paused: { on: { RESUME: "chunk" } },
            failed: { after: { 3_000: "chunk" }, on: { GIVE_UP: "#gone" } },
            sent: { type: "final" }
          }
        },
        thumbnail: {
          initial: "making",
          states: { making: { on: { MADE: "made" } }, made: { type: "final" } }
        }
      },
      onDone: "done",
      on: { CANCEL: "choosing" }
    },
    done: { on: { MORE: "choosing" } },
    gone: { id: "gone", type: "final" }
  }
})

const game = createMachine({
  id: "ticTacToe",
  initial: "playing",
  states: {
    playing: {
      initial: "x",
      always: [
        { guard: "isWon", target: "over.won" },
        { guard: "isDrawn", target: "over.drawn" }
      ],
      states: { x: { on: { PLAY: "o" } }, o: { on: { PLAY: "x" } } }
    },
    over: {
      initial: "drawn",
      states: { won: { tags: ["winner"], entry: "cheer" }, drawn: { tags: ["draw"] } },
      on: { RESET: { target: "playing", actions: "clear" } }
    }
  }
})

const coffee = createMachine({
  id: "coffee",
  initial: "off",
  states: {
    off: { on: { POWER: "on" } },
    on: {
      initial: "heating",
      on: { POWER: "off", LEAK: "fault" },
      states: {
        heating: { after: { 40_000: "ready" } },
        ready: {
          initial: "water",
          states: {
            water: { always: { guard: "hasWater", target: "beans" } },
            beans: { always: { guard: "hasBeans", target: "waiting" } },
            waiting: { on: { ESPRESSO: "#brew", LUNGO: { target: "#brew", actions: "double" } } },
            hist: { type: "history", history: "deep", target: "water" }
          }
        },
        brewing: {
          id: "brew",
          initial: "grinding",
          states: {
            grinding: { after: { 8_000: "pressing" } },
            pressing: { on: { PRESSED: "pouring" } },
            pouring: { on: { POURED: "served" } },
            served: { type: "final" }
          },
          onDone: "ready.hist",
          on: { STOP: { target: "ready.hist", actions: "drain" } }
        }
      }
    },
    fault: { on: { SERVICE: "off" } }
  }
})

const rooms = ["kitchen", "bath", "hall", "study", "cellar"] as const

/** Five rooms with light and heat each, and an alarm beside: sixty states. */
const house = createMachine({
  id: "house",
  type: "parallel",
  states: {
    ...Object.fromEntries(
      rooms.map((room) => [
        room,
        {
          type: "parallel" as const,
          states: {
            light: {
              initial: "off",
              states: {
                off: { on: { [`${room}.on`]: "on" } },
                on: { on: { [`${room}.off`]: "off", DIM: "dim" } },
                dim: { on: { [`${room}.off`]: "off", [`${room}.on`]: "on" } }
              }
            },
            heat: {
              initial: "day",
              states: {
                day: { on: { NIGHT: "night", AWAY: "frost" } },
                night: { on: { DAY: "day", AWAY: "frost" } },
                frost: { on: { BACK: "day" } }
              }
            }
          }
        }
      ])
    ),
    alarm: {
      initial: "unarmed",
      states: {
        unarmed: { on: { ARM: "arming" } },
        arming: { after: { 30_000: "armed" }, on: { DISARM: "unarmed" } },
        armed: { on: { MOTION: "warning", DISARM: "unarmed" } },
        warning: { after: { 20_000: "ringing" }, on: { DISARM: "unarmed" } },
        ringing: { on: { DISARM: "unarmed" } }
      }
    }
  }
})

const connection = createMachine({
  id: "connection",
  initial: "disconnected",
  states: {
    disconnected: { on: { CONNECT: "connecting" } },
    connecting: {
      initial: "resolving",
      states: {
        resolving: { on: { RESOLVED: "dialling" } },
        dialling: { on: { DIALLED: "securing" } },
        securing: { on: { SECURED: "greeting", REFUSED: "#connection.failed" } },
        greeting: { on: { GREETED: "#connection.connected" } }
      },
      after: { 15_000: "backingOff" },
      on: { LOST: "backingOff", CLOSE: "disconnected" }
    },
    connected: {
      type: "parallel",
      states: {
        health: {
          initial: "fresh",
          states: {
            fresh: { after: { 10_000: "stale" } },
            stale: {
              entry: "ping",
              after: { 5_000: "#connection.backingOff" },
              on: { PONG: "fresh" }
            }
          }
        },
        queue: {
          initial: "empty",
          states: {
            empty: { on: { SEND: "filled" } },
            filled: { on: { FLUSHED: "empty", FULL: "blocked" } },
            blocked: { on: { FLUSHED: "empty" } }
          }
        }
      },
      on: { LOST: "backingOff", CLOSE: "closing" }
    },
    closing: { on: { CLOSED: "disconnected" }, after: { 2_000: "disconnected" } },
    backingOff: {
      always: { guard: "isHopeless", target: "failed" },
      after: { BACK_OFF: "connecting" },
      on: { CLOSE: "disconnected" }
    },
    failed: { on: { CONNECT: { target: "connecting", actions: "forget" } } }
  }
})

/** All of them: more than twenty machines of 5 to 60 states, and some smaller ones. */
export const fixtures: { readonly [name: string]: AnyStateMachine } = {
  ...smallFixtures,
  ...knownFixtures,
  ...dailyFixtures,
  checkout,
  login,
  elevator,
  upload,
  game,
  coffee,
  house,
  connection
}
