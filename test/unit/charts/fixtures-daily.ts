/**
 * Machines of every day, written anew from what they are known to do: a pocket calculator, a
 * microwave oven, a telephone, an order on its way.
 */
import { type AnyStateMachine, createMachine } from "xstate"

const operand = (next: string) => ({
  initial: "zero",
  states: {
    zero: { on: { DIGIT: { target: "whole", actions: "replace" }, ZERO: {}, DOT: "fraction" } },
    whole: { on: { DIGIT: { actions: "append" }, ZERO: { actions: "append" }, DOT: "fraction" } },
    fraction: { on: { DIGIT: { actions: "append" }, ZERO: { actions: "append" } } },
    negated: { on: { MINUS: {}, DIGIT: { target: "whole", actions: "replace" }, DOT: "fraction" } }
  },
  on: { OPERATOR: next, PERCENT: { actions: "divideBy100" }, CLEAR_ENTRY: ".zero" }
})

const calculator = createMachine({
  id: "calculator",
  initial: "on",
  states: {
    off: { type: "final" },
    on: {
      initial: "start",
      on: { CLEAR: { target: "on", reenter: true, actions: "reset" }, OFF: "off" },
      states: {
        start: {
          on: {
            DIGIT: { target: "first.whole", actions: "replace" },
            DOT: "first.fraction",
            MINUS: "first.negated"
          }
        },
        first: operand("operator"),
        operator: {
          entry: "keepFirst",
          on: {
            OPERATOR: { actions: "change" },
            MINUS: [{ guard: "isMinus" }, { target: "second.negated" }],
            DIGIT: { target: "second.whole", actions: "replace" },
            DOT: "second.fraction"
          }
        },
        second: {
          ...operand("operator"),
          on: {
            OPERATOR: [
              { guard: "isDivisionByZero", target: "alert" },
              { target: "operator", actions: "compute" }
            ],
            EQUALS: [
              { guard: "isDivisionByZero", target: "alert" },
              { target: "result", actions: "compute" }
            ],
            CLEAR_ENTRY: ".zero"
          }
        },
        result: {
          on: { DIGIT: { target: "first.whole", actions: "replace" }, OPERATOR: "operator" }
        },
        alert: { entry: "show", on: { OK: "start" } }
      }
    }
  }
})

const microwave = createMachine({
  id: "microwave",
  type: "parallel",
  states: {
    oven: {
      initial: "idle",
      states: {
        idle: {
          on: {
            TIME: { actions: "addTime" },
            POWER: { actions: "nextPower" },
            START: [{ guard: "isShut", target: "cooking" }, { actions: "beep" }]
          }
        },
        cooking: {
          initial: "heating",
          entry: "turn",
          exit: "stand",
          on: { STOP: "idle", OPENED: "interrupted", TIME: { actions: "addTime" } },
          states: {
            heating: { after: { PULSE: "pausing" } },
            pausing: { after: { PAUSE: "heating" } }
          },
          after: { COOKING_TIME: "done" }
        },
        interrupted: { on: { SHUT: "waiting", STOP: "idle" } },
        waiting: { on: { START: "cooking", OPENED: "interrupted", STOP: "idle" } },
        done: {
          entry: "beep",
          after: { 60_000: { target: "done", reenter: true } },
          on: { OPENED: "idle" }
        }
      }
    },
    door: {
      initial: "shut",
      states: { shut: { on: { OPENED: "open" } }, open: { on: { SHUT: "shut" } } }
    },
    light: {
      initial: "dark",
      states: {
        dark: { on: { OPENED: "lit", START: { guard: "isShut", target: "lit" } } },
        lit: { on: { SHUT: "dark", STOP: "dark" } }
      }
    }
  }
})

const telephone = createMachine({
  id: "telephone",
  initial: "onHook",
  states: {
    onHook: {
      initial: "silent",
      states: {
        silent: { on: { CALLED: "ringing" } },
        ringing: {
          entry: "ring",
          exit: "hush",
          on: { CALLER_GAVE_UP: "silent", LIFT: "#telephone.talking" }
        }
      },
      on: { LIFT: "offHook" }
    },
    offHook: {
      initial: "dialTone",
      on: { HANG_UP: "onHook" },
      states: {
        dialTone: { on: { DIGIT: "dialling" }, after: { 15_000: "howling" } },
        dialling: {
          on: { DIGIT: [{ guard: "isWhole", target: "connecting" }, { actions: "store" }] },
          after: { 15_000: "howling" }
        },
        connecting: {
          invoke: { src: "connect", onDone: "calling", onError: "noSuchNumber" }
        },
        calling: {
          on: { BUSY: "busyTone", ANSWERED: "#telephone.talking" },
          after: { 90_000: "busyTone" }
        },
        busyTone: {},
        noSuchNumber: { entry: "announce" },
        howling: { entry: "howl" }
      }
    },
    talking: {
      type: "parallel",
      on: { HANG_UP: { target: "onHook", actions: "release" }, OTHER_HUNG_UP: "offHook.busyTone" },
      states: {
        voice: {
          initial: "heard",
          states: { heard: { on: { MUTE: "muted" } }, muted: { on: { MUTE: "heard" } } }
        },
        line: {
          initial: "active",
          states: {
            active: { on: { HOLD: "held", SECOND_CALL: "waiting" } },
            held: { on: { HOLD: "active" } },
            waiting: { on: { SWAP: "held", REJECT: "active" } }
          }
        }
      }
    }
  }
})

const order = createMachine({
  id: "order",
  initial: "placed",
  states: {
    placed: { on: { CONFIRM: "processing", CANCEL: "cancelled" } },
    processing: {
      type: "parallel",
      on: { CANCEL: "refunding" },
      onDone: "handingOver",
      states: {
        payment: {
          initial: "waiting",
          states: {
            waiting: { on: { PAID: "booked" }, after: { 604_800_000: "reminded" } },
            reminded: {
              entry: "remind",
              on: { PAID: "booked" },
              after: { 604_800_000: "#order.cancelled" }
            },
            booked: { type: "final" }
          }
        },
        goods: {
          initial: "reserving",
          states: {
            reserving: { invoke: { src: "reserve", onDone: "picking", onError: "backOrdered" } },
            backOrdered: { on: { DELIVERED: "reserving" } },
            picking: { on: { PICKED: "packing", MISSING: "backOrdered" } },
            packing: { on: { PACKED: "packed" } },
            packed: { type: "final" }
          }
        },
        papers: {
          initial: "none",
          states: {
            none: { on: { PAID: "invoiced" } },
            invoiced: { entry: "sendInvoice", type: "final" }
          }
        }
      }
    },
    handingOver: { on: { COLLECTED: "underway" } },
    underway: {
      initial: "moving",
      on: { LOST: "refunding" },
      states: {
        moving: { on: { SCAN: { actions: "track" }, AT_DOOR: "attempting" } },
        attempting: {
          on: {
            RECEIVED: "#order.delivered",
            NOBODY: [
              { guard: "isThird", target: "depot" },
              { target: "moving", actions: "leaveNote" }
            ]
          }
        },
        depot: { on: { FETCHED: "#order.delivered" }, after: { 864_000_000: "#order.refunding" } }
      }
    },
    delivered: {
      on: { RETURN: [{ guard: "isInTime", target: "returning" }, { actions: "refuse" }] },
      after: { 1_209_600_000: "closed" }
    },
    returning: { on: { ARRIVED: "refunding" } },
    refunding: {
      invoke: {
        src: "refund",
        onDone: "cancelled",
        onError: { target: "refunding", reenter: true }
      }
    },
    cancelled: { type: "final" },
    closed: { type: "final" }
  }
})

export const dailyFixtures: { readonly [name: string]: AnyStateMachine } = {
  calculator,
  microwave,
  telephone,
  order
}
