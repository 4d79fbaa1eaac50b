/**
 * `troupe __complete`: the names that there are now, one a line, for the completion of shells. In
 * bounded time and without a word of what goes wrong: a shell shows neither.
 */
import * as Effect from "effect/Effect"
import { Files } from "../host/files.ts"
import type { Remote } from "../rpc/client/connect.ts"
import type { Kind } from "./completion-kinds.ts"
import { Connect, given, ReadOnly } from "./flags.ts"
import { Home } from "./home.ts"
import { capabilityFlags } from "./remote/node-device-kinds.ts"
import { reach } from "./remote/reach.ts"
import { Screen } from "./screen.ts"

/** Who has pressed a key does not wait longer. */
const patienceMs = 1_000

const everything = { need_results: 1, flags: 0 } as const

const devices = (remote: Remote, flags: number) =>
  Effect.map(
    remote.call("remote", "CONNECT_LIST_ALL_NODE_DEVICES", { need_results: 1, flags }),
    (found) => found.devices.map(({ name }) => name)
  )

const told = (remote: Remote, kind: Kind) => {
  switch (kind) {
    case "domains":
      return Effect.map(remote.call("remote", "CONNECT_LIST_ALL_DOMAINS", everything), (found) =>
        found.domains.map(({ name }) => name)
      )
    case "pools":
      return Effect.map(
        remote.call("remote", "CONNECT_LIST_ALL_STORAGE_POOLS", everything),
        (found) => found.pools.map(({ name }) => name)
      )
    case "devices":
      return devices(remote, 0)
    case "pci-devices":
      return devices(remote, capabilityFlags.pci)
  }
}

const folders: { readonly [kind in Kind]?: string } = { domains: "qemu", pools: "storage" }

/** Without a daemon: the definitions on the disk whose files have just their names. */
const onDisk = (root: string, kind: Kind) =>
  Effect.gen(function* () {
    const files = yield* Files
    const folder = folders[kind]
    // Words about devices ask a daemon, and there is none.
    if (folder === undefined) return []
    const found = yield* files.list(`${root}/etc/${folder}`)
    return found
      .filter((name) => name.endsWith(".xml") && !name.includes("%"))
      .map((name) => name.slice(0, -".xml".length))
  })

export const names = (kind: Kind, root: string | undefined) =>
  Effect.gen(function* () {
    const { defaultRoot } = yield* Home
    const uri = given(yield* Connect)
    const remote = yield* reach({ root, uri, isReadOnly: yield* ReadOnly })
    const found = yield* remote === undefined
      ? onDisk(root ?? defaultRoot, kind)
      : told(remote, kind)
    yield* (yield* Screen).write(found.map((name) => `${name}\n`).join(""))
  }).pipe(Effect.scoped, Effect.timeoutOption(patienceMs), Effect.ignore)
