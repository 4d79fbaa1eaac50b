/** What the pools and the ports have given away, as their actors' own states say it. */
import {
  type DeviceWish,
  type Holder,
  type Holdings,
  holdingsOf,
  type PoolState
} from "../../../actors/host-device-pool.ts"
import type { HostdevFact } from "../../../machines/hostdev.ts"
import type { Turn } from "../../kernel/inspection.ts"

export type DevicePool = "pci-pool" | "usb-pool"

/** Port -> the token of who has it. */
export type TakenPorts = { readonly [port: string]: string }

export interface PoolTurn {
  readonly pool: DevicePool
  readonly message:
    | { readonly type: "reserve"; readonly wishes: readonly DeviceWish[]; readonly holder: Holder }
    /** With a device: that one alone. */
    | { readonly type: "release"; readonly token: string; readonly device?: string | undefined }
    /** Nobody gets or loses a device by any other, but by `adopt`. */
    | { readonly type: "adopt" | "prepare" | "settle" | "detach" | "reattach" | "reset" }
    | (HostdevFact & { readonly device: string })
  readonly before: Holdings
  readonly after: Holdings
}

/** `undefined` for a turn of another actor. */
export const poolTurn = ({ record, message, before, after }: Turn): PoolTurn | undefined => {
  const { actor } = record
  if (actor !== "pci-pool" && actor !== "usb-pool") return undefined
  return {
    pool: actor,
    message: message as PoolTurn["message"],
    before: holdingsOf(before as PoolState),
    after: holdingsOf(after as PoolState)
  }
}

export interface PortsTurn {
  readonly message:
    | { readonly type: "take"; readonly token: string }
    | { readonly type: "release"; readonly token: string }
  readonly before: TakenPorts
  readonly after: TakenPorts
}

/** `undefined` for a turn of another actor. */
export const portsTurn = ({ record, message, before, after }: Turn): PortsTurn | undefined =>
  record.actor === "ports"
    ? {
        message: message as PortsTurn["message"],
        before: before as TakenPorts,
        after: after as TakenPorts
      }
    : undefined

/** Follows who has what; forgets it with the engine that knew. */
export class Held {
  private life: number | undefined
  private devices: { readonly [P in DevicePool]: Holdings } = { "pci-pool": {}, "usb-pool": {} }
  ports: TakenPorts = {}

  see(turn: Turn, life: number | undefined): void {
    if (life !== this.life || (turn.record.actor === "driver" && turn.record.to === "starting")) {
      this.devices = { "pci-pool": {}, "usb-pool": {} }
      this.ports = {}
    }
    this.life = life
    const pool = poolTurn(turn)
    if (pool !== undefined) this.devices = { ...this.devices, [pool.pool]: pool.after }
    this.ports = portsTurn(turn)?.after ?? this.ports
  }

  /** The tokens of all that is held. */
  get tokens(): readonly string[] {
    const holders = Object.values(this.devices).flatMap((held) => Object.values(held))
    return [...holders.map(({ token }) => token), ...Object.values(this.ports)]
  }

  portsOf(token: string): readonly number[] {
    return Object.entries(this.ports).flatMap(([port, by]) => (by === token ? [Number(port)] : []))
  }
}
