/** I16: stopped means dead; until then a guest keeps what it has. */
import type { Turn } from "../../kernel/inspection.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { domainTurn } from "./domain-turn.ts"
import { epochOfToken, isEpochLiving, livingQemus } from "./living.ts"

/** The epoch that ends with this turn, as the domain and its callers see it. */
const endedBy = (turn: Turn) => {
  const mine = domainTurn(turn)
  if (mine === undefined) return undefined
  const { before, after, uuid } = mine
  const { epoch } = before.context
  return epoch === undefined || after.context.epoch === epoch ? undefined : { uuid, epoch }
}

const pools = new Set(["pci-pool", "usb-pool", "ports"])

/** The epoch whose devices or ports this turn gives back. */
const releasedBy = ({ record, message, before, after }: Turn) => {
  if (!pools.has(record.actor) || message.type !== "release") return undefined
  const count = (held: unknown) => Object.keys(held as object).length
  return count(before) === count(after)
    ? undefined
    : epochOfToken((message as { readonly token?: string }).token ?? "")
}

const record = /^unlink .*\/status\/([0-9]+\.[0-9]+)\.json$/

/** The process of an epoch whose record is taken away. */
const unrecorded = (view: View, label: string): string | undefined => {
  if (!label.startsWith("unlink ")) return undefined
  const epoch = record.exec(label)?.[1]
  const path = label.slice("unlink ".length)
  if (epoch === undefined || view.host.disk.has(path)) return undefined
  const owner = livingQemus(view).find((one) => one.epoch === epoch)
  return (
    owner && `the record of epoch ${epoch} was removed while process ${owner.process.pid} lived`
  )
}

export const killConfirmed: Invariant = {
  id: "I16",
  name: "KillConfirmed",
  statement:
    "An epoch ends for its domain and for its callers, and its devices, ports and record are " +
    "given back, only after its very process was dead.",
  make: () => ({
    decided: (turn, view) => {
      const ended = endedBy(turn)
      if (ended !== undefined && isEpochLiving(view, ended))
        return `${ended.uuid} gave up epoch ${ended.epoch}, whose process lives`
      const released = releasedBy(turn)
      if (released !== undefined && isEpochLiving(view, released))
        return `${turn.record.actor} took back what epoch ${released.epoch} has, which lives`
      return undefined
    },
    step: unrecorded
  })
}
