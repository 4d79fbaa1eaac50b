/** The program for people who know QEMU: monitor commands, monitor events, agent commands. */
import * as Effect from "effect/Effect"
import type { MonitorEvent } from "../../model/event.ts"
import type { Callback, Client, Handler, Handlers } from "../server/handler.ts"
import { stopListening } from "./absent.ts"
import { onGuest, reference, refuse, uuidText } from "./domain-reference.ts"
import { knowing } from "./flags.ts"
import { eventFilter, filterFlags } from "./qemu-monitor-filter.ts"

/** VIR_DOMAIN_QEMU_MONITOR_COMMAND_HMP */
const human = 1

const command: Handler<"qemu", "DOMAIN_MONITOR_COMMAND"> = ({ dom, cmd, flags }, client) =>
  onGuest(client, dom, ({ guest }) =>
    Effect.map(guest.monitorCommand(cmd, { isHuman: (flags & human) !== 0 }), (result) => ({
      result
    }))
  )

/** VIR_DOMAIN_QEMU_AGENT_COMMAND_MIN: waits as long as it takes. */
const timeoutMin = -2

const agentCommand: Handler<"qemu", "DOMAIN_AGENT_COMMAND"> = ({ dom, cmd, timeout }, client) =>
  timeout < timeoutMin
    ? refuse("INVALID_ARG", `guest agent timeout '${timeout}' is less than '${timeoutMin}'`)
    : onGuest(client, dom, ({ agent }) =>
        Effect.map(agent.command(cmd, { timeoutSeconds: timeout }), (result) => ({
          result: result ?? null
        }))
      )

const tell = ({ id, emit }: Callback, told: MonitorEvent): void =>
  emit("qemu", "DOMAIN_MONITOR_EVENT", {
    callbackID: id,
    dom: reference(told),
    event: told.event,
    seconds: BigInt(told.seconds),
    micros: told.microseconds,
    details: told.details ?? null
  })

/** virConnectCloseReason: an error. The protocol has no word for events that are missing. */
const closedByError = 0

const missed = ({ emit }: Client): void =>
  emit("remote", "CONNECT_EVENT_CONNECTION_CLOSED", { reason: closedByError })

const register: Handler<"qemu", "CONNECT_DOMAIN_MONITOR_EVENT_REGISTER"> = (
  { dom, event, flags },
  client
) => {
  const filter = eventFilter(event, flags)
  if (filter._tag === "Failure")
    return refuse("INVALID_ARG", `failed to compile regex '${event}': ${filter.failure}`)
  return Effect.map(
    client.callbacks.add("monitor", (callback) =>
      Effect.gen(function* () {
        const next = yield* client.engine.monitorEvents({
          ...(dom === null ? {} : { domain: uuidText(dom.uuid) }),
          isMeant: filter.success
        })
        const listen = Effect.gen(function* () {
          for (;;) {
            const heard = yield* next
            if (heard === undefined) return
            if ("type" in heard) missed(client)
            else tell(callback, heard)
          }
        })
        yield* Effect.forkScoped(listen)
      })
    ),
    (callbackID) => ({ callbackID })
  )
}

export const qemuMonitor: Handlers = {
  qemu: {
    DOMAIN_MONITOR_COMMAND: knowing("virDomainQemuMonitorCommand", human, command),
    DOMAIN_AGENT_COMMAND: knowing("virDomainQemuAgentCommand", 0, agentCommand),
    CONNECT_DOMAIN_MONITOR_EVENT_REGISTER: knowing(
      "virConnectDomainQemuMonitorEventRegister",
      filterFlags.regex | filterFlags.nocase,
      register
    ),
    CONNECT_DOMAIN_MONITOR_EVENT_DEREGISTER: stopListening("monitor")
  }
}
