/**
 * Where everything lives under one root: pure paths, no policy. The places of definitions and
 * autostart links are libvirt's, relative to the root, so that an existing directory works.
 *
 * | path | what | survives |
 * | --- | --- | --- |
 * | `etc/qemu/NAME.xml` | persistent definitions | a power cut |
 * | `etc/qemu/autostart/NAME.xml` | links to those that start with the engine | a power cut |
 * | `lib/` | root id and generation, journals, disks of guests | a power cut |
 * | `run/` | status records, one directory of sockets per epoch | the engine |
 * | `log/qemu/NAME.log` | what QEMU said | the engine |
 * | `cache/` | what can be found out again | nothing has to |
 */
import { socketPathBytesMax } from "../base/limits.ts"
import { fileStem } from "./file-name.ts"

/** The directories, parents first, with the modes they are made with. */
export interface Layout {
  readonly root: string
  readonly lock: string
  readonly holder: string
  readonly identity: string
  readonly definitions: string
  readonly autostart: string
  readonly renames: string
  readonly operations: string
  readonly run: string
  readonly statuses: string
  readonly logs: string
  readonly lib: string
  readonly cache: string
  readonly directories: readonly { readonly path: string; readonly mode: number }[]
}

/**
 * The longest directory name of an epoch (two counters and a dot) and the longest socket name in
 * it.
 */
const epochBytesMax = 21
const socketNameBytesMax = 20

/** A run directory that is longer leaves no room for the sockets of its guests. */
export const runPathBytesMax: number = socketPathBytesMax - 2 - epochBytesMax - socketNameBytesMax

// The owner of a guest's QEMU may be another user: it passes through root, `lib` and `run` to what
// is its own.
const throughMode = 0o711
const ownMode = 0o700

/** The places under `root`. `run` may be elsewhere (a tmpfs, a shorter path). */
export const layoutOf = (root: string, run: string = `${root}/run`): Layout => {
  const own = (path: string) => ({ path, mode: ownMode })
  const through = (path: string) => ({ path, mode: throughMode })
  return {
    root,
    lock: `${root}/lock`,
    holder: `${root}/holder`,
    identity: `${root}/lib/identity.json`,
    definitions: `${root}/etc/qemu`,
    autostart: `${root}/etc/qemu/autostart`,
    renames: `${root}/lib/renames`,
    operations: `${root}/lib/operations`,
    run,
    statuses: `${run}/status`,
    logs: `${root}/log/qemu`,
    lib: `${root}/lib`,
    cache: `${root}/cache`,
    directories: [
      through(root),
      own(`${root}/etc`),
      own(`${root}/etc/qemu`),
      own(`${root}/etc/qemu/autostart`),
      through(`${root}/lib`),
      own(`${root}/lib/renames`),
      own(`${root}/lib/operations`),
      through(`${root}/lib/qemu`),
      through(run),
      own(`${run}/status`),
      own(`${root}/log`),
      own(`${root}/log/qemu`),
      own(`${root}/cache`)
    ]
  }
}

export const definitionPath = (layout: Layout, name: string): string =>
  `${layout.definitions}/${fileStem(name)}.xml`

export const autostartPath = (layout: Layout, name: string): string =>
  `${layout.autostart}/${fileStem(name)}.xml`

/** Relative, so that a root can be moved as a whole; libvirt compares the inodes, not the text. */
export const autostartTarget = (name: string): string => `../${fileStem(name)}.xml`

export const logPath = (layout: Layout, name: string): string =>
  `${layout.logs}/${fileStem(name)}.log`

/** One record per epoch: what an older epoch still writes or removes cannot touch a newer one's. */
export const statusPath = (layout: Layout, epoch: string): string =>
  `${layout.statuses}/${epoch}.json`

/** The sockets and other run-time files of one epoch of one guest. Short, and never used again. */
export const guestDirectory = (layout: Layout, epoch: string): string => `${layout.run}/${epoch}`
