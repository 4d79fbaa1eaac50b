/** systemd's side of a service, as text and data: the unit files, and the sockets handed over. */

/** A listening socket that was made for us. */
export interface InheritedSocket {
  readonly fd: number
  readonly isReadOnly: boolean
}

/** The first descriptor that is handed over (SD_LISTEN_FDS_START). */
const firstDescriptor = 3

/** More than any daemon has; a number beyond it is no number of sockets. */
const descriptorsMax = 64

/** sd_listen_fds(3): how many there are, for which process, and their names. */
export const inheritedFrom = (
  environment: { readonly [name: string]: string | undefined },
  pid: number
): readonly InheritedSocket[] => {
  const count = Number(environment["LISTEN_FDS"] ?? "0")
  const isOurs = environment["LISTEN_PID"] === String(pid)
  if (!isOurs || !Number.isInteger(count) || count < 0 || count > descriptorsMax) return []
  const names = (environment["LISTEN_FDNAMES"] ?? "").split(":")
  return Array.from({ length: count }, (_, at) => ({
    fd: firstDescriptor + at,
    isReadOnly: /-ro(\.socket)?$/.test(names[at] ?? "")
  }))
}

export interface UnitOptions {
  /** The program, absolute. */
  readonly program: string
  readonly root: string
  readonly socketDirectory: string
}

export interface Unit {
  readonly name: string
  readonly text: string
}

/** A path as a unit's command line takes it: `%` and `$` have meanings of their own there. */
const quoted = (path: string): string =>
  `"${path.replaceAll(/["\\]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$")}"`

const socket = (
  { socketDirectory }: UnitOptions,
  { name, file, mode }: { readonly name: string; readonly file: string; readonly mode: string }
): Unit => ({
  name: `${name}.socket`,
  text: [
    "[Unit]",
    `Description=Troupe, virtual machines on QEMU: ${file}`,
    "",
    "[Socket]",
    `ListenStream=${socketDirectory.replaceAll("%", "%%")}/${file}`,
    `FileDescriptorName=${name}`,
    "Service=troupe.service",
    `SocketMode=${mode}`,
    "RemoveOnStop=yes",
    "",
    "[Install]",
    "WantedBy=sockets.target",
    ""
  ].join("\n")
})

const service = ({ program, root, socketDirectory }: UnitOptions): Unit => ({
  name: "troupe.service",
  text: [
    "[Unit]",
    "Description=Troupe, virtual machines on QEMU",
    "Requires=troupe.socket",
    "Wants=troupe-ro.socket",
    "After=network.target local-fs.target remote-fs.target",
    "Conflicts=libvirtd.service libvirtd.socket libvirtd-ro.socket",
    "",
    "[Service]",
    "Type=notify",
    "# The program that notifies is systemd's own, in a process of its own.",
    "NotifyAccess=all",
    `ExecStart=${[program, "daemon", "--root", root, "--socket-dir", socketDirectory]
      .map(quoted)
      .join(" ")}`,
    "ExecReload=/bin/kill -HUP $MAINPID",
    "# Guests are not the service's: they go on when it ends, and it finds them when it starts.",
    "KillMode=process",
    "Restart=on-failure",
    "TimeoutStopSec=60",
    "LimitNOFILE=65536",
    "TasksMax=infinity",
    "Delegate=yes",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "Also=troupe.socket troupe-ro.socket",
    ""
  ].join("\n")
})

/** The service and its two sockets. */
export const units = (options: UnitOptions): readonly Unit[] => [
  service(options),
  socket(options, { name: "troupe", file: "libvirt-sock", mode: "0700" }),
  socket(options, { name: "troupe-ro", file: "libvirt-sock-ro", mode: "0777" })
]
