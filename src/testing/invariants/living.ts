/**
 * The QEMU processes of the engine's guests that live on the simulated host, by the token on their
 * command line: what is true, whatever an actor believes.
 */
import { monitorIdIn, parseMonitorId } from "../../qemu/monitor-id.ts"
import { epochPattern } from "../../store/status.ts"
import type { SimulatedProcess } from "../host/processes.ts"
import type { View } from "../simulation/view.ts"

export interface LivingQemu {
  readonly uuid: string
  /** As the engine writes it: `1.2`. */
  readonly epoch: string
  readonly process: SimulatedProcess
}

/** Until it is a zombie it holds what it has, also when its end has begun. */
const isLiving = ({ phase }: SimulatedProcess): boolean => phase === "alive" || phase === "ending"

/** Whose QEMU has these words; `undefined` for a probe, and for what is no QEMU of ours. */
export const guestOf = (
  words: readonly string[]
): { readonly uuid: string; readonly epoch: string } | undefined => {
  const id = monitorIdIn(words)
  const token = id === undefined ? undefined : parseMonitorId(id)
  const epoch = token?.epoch.replace("-", ".") ?? ""
  return token !== undefined && epochPattern.test(epoch) ? { uuid: token.uuid, epoch } : undefined
}

export const livingQemus = ({ host }: Pick<View, "host">): readonly LivingQemu[] =>
  host.processes.all.flatMap((process) => {
    const guest = isLiving(process) ? guestOf(process.words) : undefined
    return guest === undefined ? [] : [{ ...guest, process }]
  })

/** Whether the QEMU of this very epoch lives. */
export const isEpochLiving = (
  view: Pick<View, "host">,
  { uuid, epoch }: { readonly uuid: string; readonly epoch: string }
): boolean => livingQemus(view).some((one) => one.uuid === uuid && one.epoch === epoch)

/** `uuid/epoch`, as the engine names what a start has taken. */
export const epochOfToken = (
  token: string
): { readonly uuid: string; readonly epoch: string } | undefined => {
  const [uuid, epoch] = token.split("/")
  return uuid === undefined || epoch === undefined ? undefined : { uuid, epoch }
}
