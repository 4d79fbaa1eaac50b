/**
 * Writes down every QMP conversation of an engine, by wrapping two services that it is given: the
 * sockets that it connects, and the processes that it spawns. The bytes pass unchanged.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Processes } from "../../../src/host/process.ts"
import { type ConnectionListener, Sockets } from "../../../src/host/socket.ts"
import { monitorFd } from "../../../src/qemu/launch-plan.ts"
import { monitorIdIn, parseMonitorId } from "../../../src/qemu/monitor-id.ts"
import { probeUuid } from "../../../src/qemu/probe-process.ts"
import type { TraceEntry } from "../../../src/testing/qemu/accept.ts"

export interface Recording {
  readonly isProbe: boolean
  readonly entries: TraceEntry[]
}

/** One for all lives of an engine on one root. */
export class Recorder {
  /** By the path of the monitor's socket. */
  private readonly recordings = new Map<string, Recording>()
  private readonly paths = new Map<unknown, string>()

  /** Of guests, in the order of their starts. */
  get guests(): readonly (readonly TraceEntry[])[] {
    return [...this.recordings.values()].filter((one) => !one.isProbe).map((one) => one.entries)
  }

  get probes(): readonly (readonly TraceEntry[])[] {
    return [...this.recordings.values()].filter((one) => one.isProbe).map((one) => one.entries)
  }

  watch<R>(services: Context.Context<R | Sockets | Processes>): Context.Context<R> {
    const sockets = Context.get(services as Context.Context<Sockets>, Sockets)
    const processes = Context.get(services as Context.Context<Processes>, Processes)
    return services.pipe(
      Context.add(Sockets, {
        bind: (path) =>
          Effect.tap(sockets.bind(path), ({ listener }) =>
            Effect.sync(() => this.paths.set(listener, path))
          ),
        connect: (path, listener) => this.connect(sockets, path, listener)
      }),
      Context.add(Processes, {
        ...processes,
        spawn: (plan) => {
          const monitor = plan.descriptors[monitorFd]
          const path = monitor?.kind === "listener" ? this.paths.get(monitor.listener) : undefined
          const token = parseMonitorId(monitorIdIn(plan.argv) ?? "")
          if (path !== undefined && token !== undefined)
            this.recordings.set(path, {
              isProbe: token.uuid === probeUuid,
              entries: [{ at: "start", argv: plan.argv }]
            })
          return processes.spawn(plan)
        }
      })
    ) as Context.Context<R>
  }

  private connect(sockets: Sockets["Service"], path: string, listener: ConnectionListener) {
    const entries = this.recordings.get(path)?.entries
    if (entries === undefined) return sockets.connect(path, listener)
    const decoder = new TextDecoder()
    let text = ""
    let isOver = false
    const over = (at: "closed" | "ended") => {
      if (!isOver) entries.push({ at })
      isOver = true
    }
    const heard = (bytes: Uint8Array) => {
      const parts = (text + decoder.decode(bytes, { stream: true })).split("\n")
      text = parts.pop() ?? ""
      for (const line of parts)
        if (line.trim() !== "") entries.push({ at: "heard", line: line.trim() })
    }
    const opening = sockets.connect(path, {
      onData: (bytes) => {
        heard(bytes)
        listener.onData(bytes)
      },
      onEnd: (error) => {
        over("ended")
        listener.onEnd(error)
      }
    })
    return Effect.map(opening, (connection) => {
      entries.push({ at: "connected" })
      return {
        ...connection,
        write: (bytes: Uint8Array) => {
          if (!isOver) entries.push({ at: "sent", text: new TextDecoder().decode(bytes) })
          connection.write(bytes)
        },
        close: () => {
          over("closed")
          connection.close()
        }
      }
    })
  }
}
