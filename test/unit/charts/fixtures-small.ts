/**
 * Machines as people write them, from what the documentation of xstate and its examples do: written
 * anew, each for a feature that a drawing must show. Small ones: up to a dozen states.
 */
import {
  type AnyStateMachine,
  assign,
  createMachine,
  emit,
  fromPromise,
  raise,
  sendTo,
  setup
} from "xstate"

const trafficLight = createMachine({
  id: "trafficLight",
  initial: "green",
  states: {
    green: { after: { 30_000: "yellow" } },
    yellow: { after: { 5_000: "red" } },
    red: {
      initial: "walk",
      after: { 35_000: "green" },
      states: {
        walk: { on: { COUNTDOWN: "wait" } },
        wait: { on: { COUNTDOWN: "stop" } },
        stop: { type: "final" }
      },
      onDone: { actions: "beep" }
    }
  },
  on: { POWER_OUTAGE: ".red", POWER_RESTORED: { target: ".red", actions: "reset" } }
})

const toggle = createMachine({
  id: "toggle",
  initial: "inactive",
  states: { inactive: { on: { TOGGLE: "active" } }, active: { on: { TOGGLE: "inactive" } } }
})

const fetching = setup({
  actors: { getData: fromPromise(async () => "data") },
  guards: { mayRetry: () => true },
  actions: { remember: () => {}, count: () => {} }
}).createMachine({
  id: "fetch",
  initial: "idle",
  states: {
    idle: { on: { FETCH: "loading" } },
    loading: {
      tags: ["busy"],
      invoke: {
        id: "request",
        src: "getData",
        onDone: { target: "success", actions: "remember" },
        onError: [{ guard: "mayRetry", target: "waiting", actions: "count" }, { target: "failure" }]
      },
      on: { CANCEL: "idle" },
      after: { 10_000: "failure" }
    },
    waiting: { after: { 1_000: "loading" }, on: { CANCEL: "idle" } },
    success: { on: { REFRESH: "loading" } },
    failure: { on: { RETRY: { target: "loading", reenter: true } } }
  }
})

const counter = createMachine({
  id: "counter",
  context: { count: 0 },
  on: {
    INCREMENT: { actions: [assign({}), "announce"] },
    DECREMENT: { guard: "isPositive", actions: "announce" },
    RESET: { actions: ["clear", "announce"] }
  }
})

const feedback = createMachine({
  id: "feedback",
  initial: "prompt",
  on: { CLOSE: ".closed" },
  states: {
    prompt: { on: { "feedback.good": "thanks", "feedback.bad": "form" } },
    form: {
      on: {
        "feedback.update": { actions: "write" },
        back: "prompt",
        submit: { guard: "hasText", target: "thanks" }
      }
    },
    thanks: { after: { TIMEOUT: "closed" } },
    closed: { on: { restart: "prompt" } }
  }
})

const door = createMachine({
  id: "door",
  initial: "closed",
  states: {
    closed: {
      initial: "unlocked",
      states: {
        unlocked: { on: { LOCK: "locked" } },
        locked: { on: { UNLOCK: { guard: "hasKey", target: "unlocked" }, BREAK: "#broken" } },
        hist: { type: "history" }
      },
      on: { OPEN: { guard: "isUnlocked", target: "opened" } }
    },
    opened: {
      on: { CLOSE: "closed.hist", SLAM: [{ guard: "isOld", target: "#broken" }, "closed"] }
    },
    broken: { id: "broken", on: { REPAIR: "closed.locked" } }
  }
})

const player = createMachine({
  id: "mediaPlayer",
  type: "parallel",
  states: {
    playback: {
      initial: "stopped",
      states: {
        stopped: { on: { PLAY: "playing" } },
        playing: {
          entry: "startAudio",
          exit: "stopAudio",
          on: { PAUSE: "paused", STOP: "stopped", ENDED: "stopped", SEEK: { actions: "seek" } }
        },
        paused: { on: { PLAY: "playing", STOP: "stopped" } }
      }
    },
    volume: {
      initial: "normal",
      states: {
        normal: { on: { MUTE: "muted", LOUDER: { actions: "raiseVolume" } } },
        muted: { on: { UNMUTE: "normal" } }
      }
    },
    screen: {
      initial: "small",
      states: { small: { on: { FULL: "full" } }, full: { on: { ESCAPE: "small", FULL: "small" } } }
    }
  },
  on: { EJECT: { actions: "eject" } }
})

const wordProcessor = createMachine({
  id: "word",
  type: "parallel",
  states: Object.fromEntries(
    ["bold", "italics", "underline"].map((key) => [
      key,
      {
        initial: "off",
        states: {
          off: { on: { [`TOGGLE_${key.toUpperCase()}`]: "on" } },
          on: { on: { [`TOGGLE_${key.toUpperCase()}`]: "off" } }
        },
        on: { RESET: ".off" }
      }
    ])
  )
})

const stopwatch = createMachine({
  id: "stopwatch",
  initial: "stopped",
  states: {
    stopped: { on: { START: "running", RESET: { actions: "clear" } } },
    running: {
      invoke: { src: "ticker" },
      on: { TICK: { actions: "add" }, LAP: { target: "running", actions: "lap" }, STOP: "stopped" }
    }
  }
})

const quiz = createMachine({
  id: "quiz",
  initial: "asking",
  states: {
    asking: {
      always: { guard: "noneLeft", target: "results" },
      on: { ANSWER: "judging", SKIP: { target: "asking", reenter: true } },
      after: { 20_000: "judging" }
    },
    judging: {
      always: [
        { guard: "isRight", target: "praise", actions: "score" },
        { guard: "isClose", target: "hint" },
        { target: "correction" }
      ]
    },
    praise: { after: { 1_500: "asking" } },
    hint: { on: { ANSWER: "judging", NEXT: "asking" } },
    correction: { on: { NEXT: "asking" } },
    results: { type: "final", output: { done: true } }
  }
})

const pingPong = createMachine({
  id: "pingPong",
  initial: "waiting",
  states: {
    waiting: {
      entry: emit({ type: "ready" }),
      on: { PING: { target: "answering", actions: sendTo("other", { type: "PONG" }) } }
    },
    answering: {
      entry: raise({ type: "SENT" }),
      on: { SENT: "waiting", "*": { actions: "wonder" } }
    }
  }
})

const tennis = createMachine({
  id: "tennis",
  initial: "love",
  states: {
    love: { on: { P1: "fifteenLove", P2: "loveFifteen" } },
    fifteenLove: { on: { P1: "thirtyLove", P2: "fifteenAll" } },
    loveFifteen: { on: { P1: "fifteenAll", P2: "loveThirty" } },
    fifteenAll: { on: { P1: "deuce", P2: "deuce" } },
    thirtyLove: { on: { P1: "game", P2: "deuce" } },
    loveThirty: { on: { P1: "deuce", P2: "game" } },
    deuce: { on: { P1: "advantage1", P2: "advantage2" } },
    advantage1: { on: { P1: "game", P2: "deuce" } },
    advantage2: { on: { P1: "deuce", P2: "game" } },
    game: { type: "final" }
  }
})

export const smallFixtures: { readonly [name: string]: AnyStateMachine } = {
  trafficLight,
  toggle,
  fetching,
  counter,
  feedback,
  door,
  player,
  wordProcessor,
  stopwatch,
  quiz,
  pingPong,
  tennis
}
