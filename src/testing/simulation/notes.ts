/** What a run notes as it goes: one counter orders calls, happenings and events. */
import type { ApiCall } from "../history/api-call.ts"
import type {
  EventSeen,
  Happening,
  History,
  Operation,
  OperationResult
} from "../history/operation.ts"
import type { World } from "../world.ts"

export class Notes implements History {
  readonly operations: Operation[] = []
  readonly happenings: Happening[] = []
  readonly events: EventSeen[] = []
  private readonly world: World
  private last = 0
  /** The life of the engine that notes are of. */
  life = 0

  constructor(world: World) {
    this.world = world
  }

  get tick(): number {
    return this.last
  }

  invoked(client: number, call: ApiCall): number {
    // Who called after whose answer is what histories are judged by.
    this.world.touch?.("history")
    const id = this.operations.length
    this.operations.push({
      id,
      client,
      life: this.life,
      call,
      invokedAt: ++this.last,
      endedAt: undefined,
      invokedAtMs: this.world.nowMs,
      endedAtMs: undefined,
      result: undefined
    })
    return id
  }

  answered(id: number, result: OperationResult): void {
    this.world.touch?.("history")
    const operation = this.operations[id]
    if (operation === undefined) throw new Error("an answer is to a call")
    this.operations[id] = {
      ...operation,
      endedAt: ++this.last,
      endedAtMs: this.world.nowMs,
      result
    }
  }

  happened(what: Pick<Happening, "kind"> & Partial<Happening>): void {
    this.happenings.push({
      uuid: undefined,
      epoch: undefined,
      pid: undefined,
      ...what,
      at: ++this.last,
      atMs: this.world.nowMs,
      life: this.life
    })
  }

  heard(event: Omit<EventSeen, "at" | "life">): void {
    this.events.push({ ...event, at: ++this.last, life: this.life })
  }
}
