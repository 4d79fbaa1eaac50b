/**
 * What is played on both stages. Data only: each scenario is a list of steps, and waits for what it
 * has caused before it goes on, so that both can only see it in one order.
 */
import type { GuestAct, Scenario, Step } from "./stage.ts"

const connect = (by = "a"): Step => ({ do: "connect", by })
const ask = (execute: string, words?: object, by = "a"): Step => ({ do: "ask", by, execute, words })
const send = (text: string, by = "a"): Step => ({ do: "send", by, text })
const hear = (what: string, by = "a"): Step => ({ do: "hear", by, what })
const close = (by = "a"): Step => ({ do: "close", by })
const ended = (by = "a"): Step => ({ do: "ended", by })
const guest = (act: GuestAct): Step => ({ do: "guest", act })
const up = (times: number): Step => ({ do: "up", times })
const pause = (ms: number): Step => ({ do: "pause", ms })
const exited: Step = { do: "exited" }
const greeted = (by = "a"): readonly Step[] => [connect(by), ask("qmp_capabilities", undefined, by)]
const status = ask("query-status")
/** Each command, and how things are after it. */
const each = (...names: readonly string[]): readonly Step[] =>
  names.flatMap((name) => [ask(name), status])
const booted: readonly Step[] = [ask("cont"), up(1)]

const bare = (name: string, steps: readonly Step[], words = ["-S"]): Scenario => ({
  name,
  machine: "none",
  words,
  steps
})
const board = (name: string, steps: readonly Step[], more: Partial<Scenario> = {}): Scenario => ({
  name,
  machine: "pc",
  words: ["-S", "-no-shutdown"],
  steps: [...greeted(), ...steps],
  ...more
})

/** Each is answered by one error without an id, and QEMU reads on. */
const badLines = [
  "hello\n",
  '"x"\n',
  "[1]\n",
  "5\n",
  "null\n",
  "}\n",
  "]\n",
  "{]\n",
  "{}\n",
  '{"execute":"stop",}\n',
  '{"a" 1}\n',
  '{"a":1 "b":2}\n',
  "{1:2}\n",
  "[1 2]\n",
  '{"a":tru}\n',
  '{"a":"\\x"}\n',
  '{"execute":"x\n',
  "%d\n",
  "\u0001\n",
  "SSH-2.0-OpenSSH\r\n",
  '{"execute":"stop","execute":"stop"}\n',
  '{"execute":5}\n',
  '{"execute":"stop","arguments":3}\n',
  '{"exec-oob":"stop"}\n',
  '{"execute":"stop","extra":2}\n'
]

const wire: readonly Scenario[] = [
  bare("before the handshake nothing is done", [
    connect(),
    ...each("cont", "nonsense", "quit"),
    ask("qmp_capabilities", { enable: ["nope"] }),
    ask("qmp_capabilities", { enable: 3 }),
    ask("qmp_capabilities", { more: 1 }),
    ask("qmp_capabilities", { enable: [] }),
    status,
    ask("qmp_capabilities")
  ]),
  bare("unknown commands and wrong arguments", [
    ...greeted(),
    ask("nonsense"),
    ask("query-status", { more: 1 }),
    ask("qom-list-properties"),
    ask("qom-list-properties", { typename: 3 }),
    ask("qom-list-properties", { typename: "nope" }),
    ask("device-list-properties", { typename: "nope" }),
    ask("device-list-properties", { typename: "pcie-root-port", more: 1 }),
    ask("query-cpu-model-expansion", { type: "static" }),
    ask("query-cpu-model-expansion", { type: "nope", model: { name: "max" } }),
    ask("query-cpu-model-expansion", { type: "static", model: { name: "nope" } }),
    ask("set_link", { name: "nope", up: false }),
    ask("set_link", { name: "nope" }),
    ask("set_link", { name: "nope", up: 1 }),
    ask("set-action", { reboot: "nope" }),
    ask("set-action", { nope: 1 }),
    ask("set-action", {}),
    ask("set_password", { protocol: "vnc", password: "x", connected: "keep" }),
    ask("set_password", { protocol: "vnc", password: "x", connected: "fail" }),
    ask("set_password", { protocol: "spice", password: "x" }),
    ask("set_password", { protocol: "nope", password: "x" }),
    ask("expire_password", { protocol: "vnc", time: "never" }),
    ...["query-version", "query-target", "query-kvm", "query-cpus-fast"].map((name) => ask(name))
  ]),
  ...badLines.map((text) =>
    bare(`a bad line: ${JSON.stringify(text)}`, [...greeted(), send(text), hear("error"), status])
  ),
  bare("requests are told apart by brackets, not by lines", [
    ...greeted(),
    send('{"execute":"query-status","id":"x"}{"execute":"stop","id":{"a":1}}\n{"execute":'),
    pause(20),
    send('\n"query-status",\n"id":"y"'),
    pause(20),
    send("}\n"),
    hear("#y"),
    send("{'execute':'query-status','id':'z'}\n"),
    hear("#z"),
    send('{"execute":"query-status","id":null}{"execute":"query-status","id":[1]}\n'),
    send('{"execute":\n{"execute":"query-status","id":"w"}\n}\n'),
    hear("error"),
    status
  ]),
  bare("many commands in one piece", [
    ...greeted(),
    send(
      ["cont", "query-status", "stop", "stop", "cont", "nope", "query-status"]
        .map((execute, at) => JSON.stringify({ execute, id: `p${at}` }))
        .join("\n")
    ),
    hear("#p6")
  ]),
  bare("a second client waits until the first has gone", [
    ...greeted(),
    connect("b"),
    send('{"execute":"qmp_capabilities","id":"early"}\n', "b"),
    pause(50),
    status,
    close(),
    hear("#early", "b"),
    ask("query-status", undefined, "b"),
    close("b"),
    connect("c"),
    ask("query-status", undefined, "c"),
    ask("qmp_capabilities", undefined, "c"),
    ask("query-status", undefined, "c")
  ]),
  bare("a stopped process answers when it goes on", [
    ...greeted(),
    { do: "freeze" },
    send('{"execute":"query-status","id":"late"}\n'),
    pause(50),
    { do: "thaw" },
    hear("#late"),
    { do: "freeze" },
    { do: "signal", signal: "SIGTERM" },
    pause(20),
    { do: "thaw" },
    ended(),
    exited
  ])
]

const ends: readonly Scenario[] = [
  ...(["SIGTERM", "SIGINT", "SIGHUP"] as const).map((signal) =>
    bare(`${signal} is told and ends it`, [...greeted(), { do: "signal", signal }, ended(), exited])
  ),
  bare("SIGTERM before the handshake is not told", [
    connect(),
    ask("query-status"),
    { do: "signal", signal: "SIGTERM" },
    ended(),
    exited
  ]),
  bare("SIGKILL says nothing", [
    ...greeted(),
    { do: "signal", signal: "SIGKILL" },
    ended(),
    exited
  ]),
  bare("quit is told before its reply", [...greeted(), ask("quit"), ended(), exited]),
  bare("nothing after quit is done", [
    ...greeted(),
    send('{"execute":"cont","id":"1"}{"execute":"quit","id":"2"}{"execute":"stop","id":"3"}\n'),
    ended(),
    exited
  ]),
  board("quit while the guest runs", [...booted, ask("quit"), ended(), exited]),
  board("SIGTERM while the guest is shut down", [
    ...booted,
    guest("poweroff"),
    hear("STOP"),
    { do: "signal", signal: "SIGTERM" },
    ended(),
    exited
  ]),
  board(
    "without -no-shutdown the guest's power-off ends it",
    [...booted, guest("poweroff"), ended(), exited],
    { words: ["-S"] }
  ),
  board(
    "set-action can have it end too",
    [ask("set-action", { shutdown: "poweroff" }), ...booted, guest("poweroff"), ended(), exited],
    {}
  ),
  board("without -no-shutdown a panic ends it", [...booted, guest("panic"), ended(), exited], {
    words: ["-S"]
  }),
  board(
    "exit-failure ends it with code 1",
    [ask("set-action", { panic: "exit-failure" }), ...booted, guest("panic"), ended(), exited],
    { words: ["-S"] }
  ),
  board(
    "a reset that is to be a shutdown ends it",
    [ask("set-action", { reboot: "shutdown" }), ...booted, ask("system_reset"), ended(), exited],
    { words: ["-S"] }
  )
]

const life: readonly Scenario[] = [
  bare("a machine without a board is stopped and continued all the same", [
    ...greeted(),
    ...each("cont", "cont", "stop", "stop", "cont", "system_reset", "stop", "system_reset"),
    ...each("system_wakeup", "system_powerdown", "cont")
  ]),
  bare("without -S it runs from the start", [...greeted(), status, ...each("stop", "cont")], []),
  board("before it ever ran", [
    status,
    ...each("stop", "system_reset", "system_wakeup", "system_powerdown"),
    ...each("cont")
  ]),
  board("stop and cont", [...booted, ...each("cont", "stop", "stop", "cont")]),
  board("reset while it runs", [...booted, ask("system_reset"), up(2), status]),
  board("reset while it is paused leaves it for cont", [
    ...booted,
    ...each("stop", "system_reset", "stop", "system_reset"),
    ask("cont"),
    up(2),
    status
  ]),
  board("the power button", [
    ...booted,
    pause(100),
    ask("system_powerdown"),
    hear("STOP"),
    status,
    ...each("cont", "stop", "system_wakeup", "system_powerdown", "system_reset"),
    ask("cont"),
    up(2),
    status
  ]),
  board("the power button of a paused guest waits", [
    ...booted,
    pause(100),
    ...each("stop", "system_powerdown"),
    ask("cont"),
    hear("STOP"),
    status
  ]),
  board("a reset forgets the power button", [
    ...booted,
    pause(100),
    ...each("stop", "system_powerdown", "system_reset"),
    ask("cont"),
    up(2),
    pause(400),
    status
  ]),
  board("a guest that hangs ignores its power button", [
    ...booted,
    guest("hang"),
    pause(300),
    ask("system_powerdown"),
    pause(400),
    status
  ]),
  board("the guest powers off by itself", [...booted, guest("poweroff"), hear("STOP"), status]),
  board("the guest reboots", [...booted, guest("reset"), up(2), status]),
  board("reboot is to be a shutdown", [
    ask("set-action", { reboot: "shutdown" }),
    ...booted,
    guest("reset"),
    hear("STOP"),
    ...each("system_reset", "cont"),
    ask("set-action", { reboot: "reset" }),
    ...each("system_reset"),
    ask("cont"),
    up(2),
    ask("set-action", { reboot: "shutdown" }),
    ...each("system_reset")
  ]),
  board("such a reset changes nothing of a machine that is stopped", [
    ask("set-action", { reboot: "shutdown" }),
    ...each("system_reset"),
    ...booted,
    ...each("stop", "system_reset", "cont")
  ])
]

const misfortunes: readonly Scenario[] = [
  board("a panic stops it, and it can be continued", [
    ...booted,
    guest("panic"),
    hear("STOP"),
    status,
    ...each("stop", "system_powerdown", "system_wakeup", "cont", "stop", "system_reset"),
    ask("cont"),
    up(2),
    status
  ]),
  board("a reset revives it at once", [
    ...booted,
    guest("panic"),
    hear("STOP"),
    ...each("system_reset"),
    ask("cont"),
    up(2),
    status
  ]),
  board("a panic that is to be ignored", [
    ask("set-action", { panic: "none" }),
    ...booted,
    guest("panic"),
    hear("GUEST_PANICKED"),
    status
  ]),
  board("a panic that is to be a power-off", [
    ask("set-action", { panic: "exit-failure" }),
    ...booted,
    guest("panic"),
    hear("STOP"),
    ...each("cont", "system_reset"),
    ask("cont"),
    up(2)
  ]),
  board(
    "a disk that fails stops it",
    [
      ask("cont"),
      hear("STOP"),
      ...each("stop", "system_powerdown", "system_wakeup"),
      ask("cont"),
      hear("STOP"),
      ...each("system_reset")
    ],
    {
      machine: "failing",
      varies: "a request that is tried again may fail before `cont` is answered, or after"
    }
  ),
  board(
    "a guest that sleeps",
    [
      ...booted,
      guest("suspend"),
      hear("SUSPEND"),
      status,
      ...each("cont", "stop", "system_powerdown", "system_reset"),
      ask("cont"),
      up(2),
      guest("suspend"),
      hear("SUSPEND"),
      { do: "signal", signal: "SIGTERM" },
      ended(),
      exited
    ],
    { machine: "suspending" }
  ),
  board(
    "a guest that is woken",
    [...booted, guest("suspend"), hear("SUSPEND"), ...each("system_wakeup")],
    { machine: "suspending" }
  ),
  board("what happens while nobody listens is not told later", [
    ...booted,
    close(),
    guest("poweroff"),
    pause(400),
    connect("b"),
    ask("query-status", undefined, "b"),
    ask("qmp_capabilities", undefined, "b"),
    ask("query-status", undefined, "b")
  ])
]

const devices: readonly Scenario[] = [
  board(
    "links, displays and character devices",
    [
      ask("query-chardev"),
      ask("query-cpus-fast"),
      ask("set_link", { name: "net0", up: false }),
      ask("set_link", { name: "hostnet0", up: true }),
      ask("set_password", { protocol: "vnc", password: "x", connected: "keep" }),
      ask("set_password", { protocol: "vnc", password: "x", connected: "disconnect" }),
      ask("expire_password", { protocol: "vnc", time: "never" })
    ],
    {
      words: [
        ...["-S", "-no-shutdown", "-vnc", "none,password=on"],
        ...["-netdev", "user,id=hostnet0", "-device", "virtio-net-pci,netdev=hostnet0,id=net0"],
        ...["-chardev", "pty,id=charserial1", "-device", "isa-serial,chardev=charserial1"],
        ...["-chardev", "null,id=charnull"]
      ]
    }
  )
]

export const scenarios: readonly Scenario[] = [
  ...wire,
  ...ends,
  ...life,
  ...misfortunes,
  ...devices
]
