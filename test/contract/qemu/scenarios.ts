/**
 * What is played on both stages. Data only: each scenario is a list of steps, and waits for what it
 * has caused before it goes on, so that both can only see it in one order.
 */
import { plugging } from "./scenarios-devices.ts"
import { wire } from "./scenarios-wire.ts"
import type { Scenario } from "./stage.ts"
import {
  ask,
  bare,
  board,
  booted,
  close,
  connect,
  each,
  ended,
  exited,
  greeted,
  guest,
  hear,
  pause,
  send,
  status,
  up
} from "./steps.ts"

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
  board("the power button is lost on a guest that is not up", [
    ...each("system_powerdown"),
    ...booted,
    pause(400),
    status
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
        ["-S", "-no-shutdown", "-vnc", "none,password=on"],
        ["-netdev", "user,id=hostnet0", "-device", "virtio-net-pci,netdev=hostnet0,id=net0"],
        ["-chardev", "pty,id=charserial1", "-device", "isa-serial,chardev=charserial1"],
        ["-chardev", "null,id=charnull"]
      ].flat()
    }
  )
]

export const scenarios: readonly Scenario[] = [
  ...wire,
  ...plugging,
  ...ends,
  ...life,
  ...misfortunes,
  ...devices
]
