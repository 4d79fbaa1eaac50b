/**
 * What of a guest's character devices the engine opens or binds itself and QEMU inherits: files
 * that are written (so that QEMU's account needs no right to their folder, and so that they can be
 * kept within a bound) and sockets that listen (so that they are there before QEMU is).
 */
import * as Effect from "effect/Effect"
import { type FileError, type FileHandle, Files } from "../../src/host/files.ts"
import { openLog } from "../../src/host/log-file.ts"
import type { Device } from "../../src/model/device.ts"
import type { ChardevSource } from "../../src/model/device/character.ts"
import type { Domain } from "../../src/model/domain.ts"
import { channelPath } from "../../src/qemu/argv/character.ts"
import type { Opened, Resources } from "../../src/qemu/argv/context.ts"
import { type LaunchPlan, monitorFd } from "../../src/qemu/launch-plan.ts"

export interface Output {
  readonly fd: number
  readonly path: string
  /** Else it begins empty. */
  readonly isAppended: boolean
}

export interface Outputs {
  readonly files: readonly Output[]
  readonly listeners: NonNullable<LaunchPlan["listeners"]>
  /** How QEMU's arguments name them. */
  readonly resources: Pick<Resources, "outputs" | "logs" | "listeners">
}

type Character = Device & { readonly source: ChardevSource; readonly alias?: string }

const isCharacter = (device: Device): device is Character =>
  ["serial", "parallel", "console", "channel"].includes(device.kind)

/** A console that mirrors the first serial port is that port. */
const isDevice = (device: Character): boolean =>
  device.kind !== "console" || device.target.type === "virtio"

/** Regular, or not there yet: anything else (a link, a FIFO, a terminal) is QEMU's to open. */
const isOurs = Effect.fnUntraced(function* (path: string) {
  const files = yield* Files
  const stat = yield* Effect.option(files.stat(path))
  return stat._tag === "None" || stat.value.kind === "file"
})

const isBound = (source: ChardevSource): boolean =>
  source.type === "unix" &&
  (source.mode === "bind" || (source.mode === undefined && source.path === undefined))

type Table = { [alias: string]: Opened }

/** Descriptors follow the monitor's, without a gap. */
export const planOutputs = Effect.fnUntraced(function* (live: Domain, directory: string) {
  const files: Output[] = []
  const listeners: { fd: number; path: string }[] = []
  const outputs: Table = {}
  const logs: Table = {}
  const listening: Table = {}
  let fd = monitorFd
  const open = Effect.fnUntraced(function* (path: string, isAppended: boolean) {
    if (files.some((file) => file.path === path) || !(yield* isOurs(path))) return { path }
    files.push({ fd: ++fd, path, isAppended })
    return { fd }
  })
  for (const device of live.devices) {
    if (!isCharacter(device) || !isDevice(device)) continue
    const { source, alias = "" } = device
    const { log } = source
    if (source.type === "file") outputs[alias] = yield* open(source.path, source.append === true)
    if (log !== undefined) logs[alias] = yield* open(log.file, log.append !== false)
    if (source.type !== "unix" || !isBound(source)) continue
    const own =
      device.kind === "channel"
        ? channelPath(device, { resources: { channelDirectory: directory } })
        : `${directory}/${alias}.sock`
    listeners.push({ fd: ++fd, path: source.path ?? own })
    listening[alias] = { fd }
  }
  const resources: Outputs["resources"] = { outputs, logs, listeners: listening }
  const planned: Outputs = { files, listeners, resources }
  return planned
})

/** No guest has opened a port before its first instruction. */
const withClosedPort = (device: Device): Device =>
  device.kind === "channel" && device.target.type === "virtio"
    ? { ...device, target: { ...device.target, state: "disconnected" } }
    : device

/** The live definition says where its sockets are, and that no channel is open yet. */
export const withSockets = (live: Domain, directory: string): Domain => ({
  ...live,
  devices: live.devices.map(withClosedPort).map((device): Device => {
    if (!isCharacter(device)) return device
    const { source, alias = "" } = device
    if (source.type !== "unix" || source.path !== undefined || !isBound(source)) return device
    const own =
      device.kind === "channel"
        ? channelPath(device, { resources: { channelDirectory: directory } })
        : `${directory}/${alias}.sock`
    return { ...device, source: { ...source, path: own, mode: "bind" } } as Device
  })
})

const openOne = Effect.fnUntraced(function* (
  { fd, path, isAppended }: Output,
  limits: NonNullable<LaunchPlan["logLimits"]>
) {
  const files = yield* Files
  if (!isAppended) {
    // Emptied before it is opened for appending: where it is cut later, QEMU goes on at its end.
    const file = yield* files.open(path, "write", 0o600)
    yield* files.close(file)
  }
  const { file } = yield* openLog(path, limits)
  return { fd, file }
})

type Opens = readonly { readonly fd: number; readonly file: FileHandle }[]

const closeAll = (opened: Opens) =>
  Effect.flatMap(Files, (files) =>
    Effect.forEach(opened, ({ file }) => files.close(file), { discard: true })
  )

/** Opens all or none, for as long as `use` takes: QEMU has its own copies then. */
export const withOutputs = <A, E, R>(
  outputs: readonly Output[],
  limits: NonNullable<LaunchPlan["logLimits"]>,
  use: (opened: Opens) => Effect.Effect<A, E, R>
): Effect.Effect<A, E | FileError, R | Files> =>
  Effect.suspend(() => {
    const opened: { fd: number; file: FileHandle }[] = []
    const openAll = Effect.forEach(
      outputs,
      (output) => Effect.map(openOne(output, limits), (one) => opened.push(one)),
      { discard: true }
    )
    return Effect.ensuring(
      Effect.andThen(
        openAll,
        Effect.suspend(() => use(opened))
      ),
      Effect.suspend(() => closeAll(opened))
    )
  })
