/** I26: at rest there is what the guests need, and when all is over there is nothing. */
import { epochPattern } from "../../store/status.ts"
import type { Layout } from "../../store/layout.ts"
import { errnoFaults } from "./errno-faults.ts"
import type { Invariant, View } from "../simulation/view.ts"
import { Held } from "./held.ts"
import { devicesSeen, isHome, mayBeBroken, vfio, wasDetached } from "./host-devices.ts"
import { guestOf } from "./living.ts"
import { namesIn } from "./on-disk.ts"

/** What a present engine has, and the epochs of its guests. */
interface Present {
  readonly view: View
  readonly layout: Layout
  readonly active: ReadonlySet<string>
}

const presentOf = (view: View): Present | undefined => {
  const parts = view.life?.driver?.parts()
  if (parts === undefined) return undefined
  const epochs = parts.domains.all().map(({ ref }) => ref?.actor.published.context.epoch)
  const active = new Set(epochs.filter((epoch) => epoch !== undefined))
  return { view, layout: parts.store.layout, active }
}

const descriptors = ({ view, layout, active }: Present): string | undefined => {
  const seen = new Set<string>()
  for (const { kind, name } of view.life?.process.descriptors.held ?? []) {
    const epoch = name.startsWith(`${layout.run}/`) ? name.split("/").at(-2) : undefined
    const isMonitor = kind === "connection" && epoch !== undefined && active.has(epoch)
    const isOwn = kind === "watch" || (kind === "lock" && name === layout.lock)
    if ((!isMonitor && !isOwn) || seen.has(`${kind} ${name}`)) return `open: ${kind} ${name}`
    seen.add(`${kind} ${name}`)
  }
  return undefined
}

const processes = ({ view, active }: Present): string | undefined => {
  for (const { pid, words, state } of view.host.processes.all) {
    if (pid === view.life?.process.pid) continue
    const guest = guestOf(words)
    if (guest === undefined || !active.has(guest.epoch) || state === "zombie")
      return `process ${pid} is ${state}: ${words.slice(0, 4).join(" ")}`
  }
  const listener = view.host.network.open.find(
    ({ path }) => !active.has(path.split("/").at(-2) ?? "")
  )
  return listener && `${listener.path} is listened on`
}

const temporary = /^\.[A-Za-z0-9_-]+\.tmp$/

/** Files that a write, a start or a probe needed for a while. */
const leftovers = (view: View, layout: Layout, active: ReadonlySet<string>) => {
  const { root, run, statuses, definitions, lib, renames, operations, autostart } = layout
  for (const directory of [root, statuses, definitions, lib, renames, operations, autostart]) {
    const left = namesIn(view.host.disk, directory).find((name) => temporary.test(name))
    if (left !== undefined) return `${directory}/${left} was left`
  }
  const isLeft = (name: string) =>
    name.startsWith("p-") || (epochPattern.test(name) && !active.has(name))
  const left = namesIn(view.host.disk, run).find(isLeft)
  return left === undefined ? memoryFolder(view, lib, active) : `${run}/${left} was left`
}

/** Memory in files: of each config that there was, a folder with one folder for each guest. */
const memoryFolder = (view: View, lib: string, active: ReadonlySet<string>) => {
  const { disk } = view.host
  const isOfNone = (name: string) => ![...active].some((epoch) => name.endsWith(`-${epoch}`))
  for (const directory of namesIn(disk, `${lib}/qemu`)) {
    const left = namesIn(disk, `${lib}/qemu/${directory}`).find(
      (name) => directory.startsWith("ram") && isOfNone(name)
    )
    if (left !== undefined) return `${lib}/qemu/${directory}/${left} was left`
  }
  return undefined
}

/** One record for each guest, and those that could not be read, which are never removed. */
const records = ({ view, layout, active }: Present): string | undefined => {
  const names = new Set(namesIn(view.host.disk, layout.statuses))
  const missing = [...active].find((epoch) => !names.has(`${epoch}.json`))
  if (missing !== undefined) return `there is no record of ${missing}`
  const told = new Set((view.life?.driver?.problems() ?? []).map(({ what }) => what))
  const left = [...names].find(
    (name) => !active.has(name.replace(/\.json$/, "")) && !told.has(`${layout.statuses}/${name}`)
  )
  return left && `the record ${left} is of no guest`
}

const belongings = ({ view, active }: Present, held: Held): string | undefined => {
  const parts = view.life?.driver?.parts()
  for (const { uuid, ref } of parts?.domains.all() ?? []) {
    const stray = ref?.belongings.present.find((epoch) => !active.has(epoch))
    if (stray !== undefined)
      return `${uuid} keeps of ${stray}: ${ref?.belongings.of(stray).held.join(", ")}`
  }
  const token = held.tokens.find((one) => !active.has(one.split("/")[1] ?? ""))
  if (token !== undefined) return `${token} holds devices or ports`
  const { size = 0 } = parts?.operations ?? {}
  return size > 0 ? `${size} operation ids are kept as under way` : undefined
}

const atRest = (view: View, held: Held): string | undefined => {
  const present = presentOf(view)
  if (present === undefined) return undefined
  const { layout, active } = present
  const why = descriptors(present) ?? processes(present) ?? belongings(present, held)
  // A disk that failed may have kept what was to be removed: the next engine removes it.
  if (why !== undefined || errnoFaults(view)) return why && `at rest ${why}`
  const left = leftovers(view, layout, active) ?? records(present)
  return left && `at rest ${left}`
}

/** What stays with VFIO is what somebody detached. */
const awayFromHost = (view: View): string | undefined => {
  for (const seen of devicesSeen(view)) {
    const { address, driver, override, user, record, home } = seen
    if (user !== undefined) return `${address} is still open in process ${user}`
    const isOurs = home.driver !== vfio
    if (!isOurs || (isHome(seen) && record === undefined) || mayBeBroken(view)) continue
    if (record?.isDetached !== true || driver !== vfio || !wasDetached(view, address))
      return (
        `${address} is left with driver ${driver}, override ${override}` +
        `${record === undefined ? "" : ` and a record of ${record.original}`}`
      )
  }
  return undefined
}

const atEnd = (view: View, layout: Layout | undefined): string | undefined => {
  const [process] = view.host.processes.all
  if (process !== undefined) return `process ${process.pid}, ${process.words[0]}, is left`
  const [listener] = view.host.network.open
  if (listener !== undefined) return `${listener.path} is still listened on`
  const timers = view.world.timerCount
  if (timers > 0) return `${timers} timers are set`
  if (layout === undefined || errnoFaults(view)) return undefined
  return leftovers(view, layout, new Set()) ?? awayFromHost(view)
}

export const noLeak: Invariant = {
  id: "I26",
  name: "NoLeak",
  statement:
    "At rest the engine has its lock, its config's watch and one connection for each guest, and " +
    "each guest one process, one directory, one record, its own devices and ports; when it has " +
    "closed with its guests there is no process, socket, timer, file, record or driver of theirs.",
  make: () => {
    const held = new Held()
    let layout: Layout | undefined
    return {
      decided: (turn, view) => {
        held.see(turn, view.life?.number)
        return undefined
      },
      rest: (view) => {
        layout = view.life?.driver?.parts()?.store.layout ?? layout
        return atRest(view, held)
      },
      ended: (view) => atEnd(view, layout)
    }
  }
}
