/**
 * Scenarios of the protocol itself: handshake, bad lines, wrong arguments, who is served when. No
 * guest takes part.
 */
import type { Scenario } from "./stage.ts"
import {
  ask,
  bare,
  close,
  connect,
  ended,
  exited,
  greeted,
  hear,
  pause,
  send,
  status,
  each
} from "./steps.ts"

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

export const wire: readonly Scenario[] = [
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
