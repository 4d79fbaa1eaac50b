/** The commands about the daemon: their flags. */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { flags, given, lazily } from "./flags.ts"

const socketDirectory = Flag.String("socket-dir").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("where the sockets are; clients without a path look in /run/libvirt"),
  Flag.optional
)

const daemon = Command.make(
  "daemon",
  {
    root: flags.root,
    socketDirectory,
    listen: Flag.String("listen").pipe(
      Flag.withMetavar("tls:HOST:PORT"),
      Flag.withDescription("also listen there, for clients with a certificate; may be repeated"),
      Flag.atLeast(0)
    ),
    config: Flag.String("config").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("qemu.conf, by default ROOT/etc/qemu.conf"),
      Flag.optional
    ),
    isJson: flags.flag("json", "say what happens as one JSON object a line")
  },
  ({ root, socketDirectory: directory, listen, config, isJson }) =>
    lazily(
      () => import("./daemon.ts"),
      (module) =>
        module.daemon({
          root: given(root),
          socketDirectory: given(directory),
          listen,
          config: given(config),
          isJson
        })
    )
).pipe(Command.withDescription("Serve virsh and other clients of libvirt's; SIGTERM ends it"))

const systemdUnits = Command.make(
  "systemd-units",
  { root: flags.root, socketDirectory },
  ({ root, socketDirectory: directory }) =>
    lazily(
      () => import("./systemd-units.ts"),
      (module) => module.systemdUnits({ root: given(root), socketDirectory: given(directory) })
    )
).pipe(Command.withDescription("Print the unit files by which systemd runs the daemon"))

export const daemonCommands = [daemon, systemdUnits] as const
