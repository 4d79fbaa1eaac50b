/**
 * The monitor of a simulated QEMU: one client at a time, greeting, negotiation, commands one after
 * the other, events to whoever has negotiated. Here the plan's faults of the protocol come to pass.
 */
import type { Json } from "../../qmp/json.ts"
import type { FaultsBySeam } from "../fault.ts"
import type { Self, Stream } from "../host/program.ts"
import type { MainLoop } from "./main-loop.ts"
import { type EventWords, refusal, type Reply } from "./model.ts"
import { negotiation } from "./negotiation.ts"
import { type Request, Requests } from "./request.ts"

/** What the monitor serves. */
export interface Served {
  readonly loop: MainLoop
  /** A command of a client that has negotiated: its events go out by `tell`, before the reply. */
  readonly perform: (request: Request & { readonly kind: "command" }) => Reply
  /** QEMU dies of a signal. */
  readonly abort: () => void
  /** After a reply has gone out. */
  readonly afterwards: (execute: string) => void
  readonly fault: (execute: string) => FaultsBySeam["qmp"] | undefined
  readonly wallMs: () => number
  readonly version: Json
}

/** Past every deadline of the engine for one command. */
export const lateMs = 25_000

/** Events of a flood, and how many come in one piece. */
export const floodEvents = 3_000
const floodPiece = 500

/** Of the fault `refuse`: words that no real QEMU has. */
export const plannedRefusal = refusal("The simulated QEMU was told to refuse this")

const encoder = new TextEncoder()
const garbage = encoder.encode("\0\u00ff this is no QMP {]\n")

export class Monitor {
  private readonly self: Self
  private readonly served: Served
  private readonly fd: number
  private client: Stream | undefined
  private requests = new Requests()
  private queue: Request[] = []
  private hasNegotiated = false
  private isWorking = false
  private isDoubled = false
  /** QEMU reads its commands once its machine is made. */
  private isReady = false

  constructor(self: Self, fd: number, served: Served) {
    this.self = self
    this.fd = fd
    this.served = served
  }

  /** Greets clients from now on. A mute one takes them and says nothing. */
  open(isMute = false): void {
    const { loop } = this.served
    this.self.accept(this.fd, (client) => loop.enter(() => this.welcome(client, isMute)))
  }

  ready(): void {
    this.isReady = true
    this.work()
  }

  tell({ event, data }: EventWords): void {
    if (!this.hasNegotiated) return
    const wallMs = this.served.wallMs()
    const seconds = Math.floor(wallMs / 1000)
    const timestamp = { seconds, microseconds: Math.round((wallMs - seconds * 1000) * 1000) }
    const words = data === undefined ? { timestamp, event } : { timestamp, event, data }
    for (let times = this.isDoubled ? 2 : 1; times > 0; times--) this.say(words)
  }

  /** The end of QEMU, or of this conversation. */
  close(): void {
    this.client?.close()
    this.forget()
  }

  private forget(): void {
    this.client = undefined
    this.requests = new Requests()
    this.queue = []
    this.hasNegotiated = false
  }

  private welcome(client: Stream, isMute: boolean): void {
    const { loop } = this.served
    this.client = client
    client.onEnd(() => loop.enter(() => this.left(client, isMute)))
    client.onData((bytes) =>
      loop.enter(() => {
        if (this.client !== client || isMute) return
        this.queue.push(...this.requests.feed(bytes))
        this.work()
      })
    )
    if (!isMute) this.say({ QMP: { version: this.served.version, capabilities: ["oob"] } })
  }

  /** What it had asked and was not begun is dropped with it. */
  private left(client: Stream, isMute: boolean): void {
    if (this.client !== client) return
    this.forget()
    client.close()
    this.open(isMute)
  }

  private say(words: object): void {
    this.client?.write(encoder.encode(`${JSON.stringify(words)}\r\n`))
  }

  private answer(reply: Reply, id: Json | undefined): void {
    this.say(id === undefined ? reply : { ...reply, id })
  }

  /** One request, in a turn of its own; then the next. */
  private work(): void {
    const [next] = this.queue
    if (this.isWorking || next === undefined || !this.isReady) return
    this.isWorking = true
    const label = next.kind === "command" ? next.execute : "a bad line"
    this.self.soon(`qemu reads ${label}`, () => this.served.loop.enter(() => this.read()))
  }

  private read(): void {
    const request = this.queue.shift()
    if (request?.kind === "command") return this.meet(request, this.served.fault(request.execute))
    if (request !== undefined) this.answer(request.reply, request.id)
    this.rest()
  }

  private rest(): void {
    this.isWorking = false
    this.work()
  }

  /** A command, with what the plan has in store for it. */
  private meet(
    request: Request & { readonly kind: "command" },
    fault: FaultsBySeam["qmp"] | undefined
  ): void {
    const go = () => {
      this.carryOut(request)
      this.rest()
    }
    switch (fault) {
      case "die-before":
        return this.served.abort()
      case "die-after":
        this.served.perform(request)
        return this.served.abort()
      case "hang":
        this.served.loop.hold()
        return
      case "late": {
        const release = this.served.loop.hold()
        this.self.after(lateMs, () => {
          go()
          release()
        })
        return
      }
      case "refuse":
        this.answer(plannedRefusal, request.id)
        return this.rest()
      case "no-id":
        this.answer(refusal("JSON parse error, expecting value"), undefined)
        return this.rest()
      case "garbage":
        this.client?.write(garbage)
        return go()
      case "flood": {
        const release = this.served.loop.hold()
        return this.flood(floodEvents, () => {
          go()
          release()
        })
      }
      case "closed":
        this.close()
        this.open()
        return this.rest()
      case "double":
        this.isDoubled = true
        go()
        this.isDoubled = false
        return
      case undefined:
        return go()
    }
  }

  private flood(left: number, then: () => void): void {
    if (left <= 0) return then()
    for (let count = 0; count < floodPiece; count++)
      this.tell({ event: "RTC_CHANGE", data: { offset: left - count, "qom-path": "/rtc" } })
    this.self.soon("qemu floods", () => this.flood(left - floodPiece, then))
  }

  private carryOut(request: Request & { readonly kind: "command" }): void {
    const { execute, id } = request
    if (execute === "qmp_capabilities" || !this.hasNegotiated)
      return this.answer(this.negotiate(request), id)
    const { client } = this
    const reply = this.served.perform(request)
    // Whoever asked may be gone; the next one is not told.
    if (this.client === client) this.answer(reply, id)
    this.served.afterwards(execute)
  }

  private negotiate(request: Request & { readonly kind: "command" }): Reply {
    const answer = negotiation(request, this.hasNegotiated)
    if ("return" in answer) this.hasNegotiated = true
    return answer
  }
}
