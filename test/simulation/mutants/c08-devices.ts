/** Mutants of class C08: host devices that are given twice, lost on their way, or left away. */
import type { Mutant } from "./mutant.ts"

const binding = "actors/pci-binding.ts"
const chart = "machines/hostdev.ts"
const drivers = "src/host/pci-driver.ts"
const requests = "actors/device-requests.ts"
const start = "actors/domain/start.ts"

export const hostDevices: readonly Mutant[] = [
  {
    id: "M-Z080",
    zoo: ["Z080"],
    title: "a rollback gives back every device of its list, whoever has it",
    shows: "A has the device; start(B) wants it and fails; start(B) again gets it",
    expects: ["I23", "I25"],
    shape: "twin rollback",
    edits: [
      {
        file: start,
        find: "    const giveBack = Effect.ignore(pools[kind].release(holder.token))",
        replace: `    const giveBack = Effect.suspend(() =>
      Effect.forEach(
        wishes,
        ({ device }) =>
          Effect.ignore(pools[kind].release(pools[kind].holderOf(device)?.token ?? "")),
        { discard: true }
      )
    )`
      }
    ]
  },
  {
    id: "M-Z085",
    zoo: ["Z085"],
    title: "a device is given to whoever asks",
    shows: "start(A) and start(B), which want one device",
    expects: ["I23", "I25"],
    shape: "twin rollback",
    edits: [
      {
        file: requests,
        find: "  if (holder !== undefined && holder.token !== token)\n    return new DeviceBusy",
        replace: "  if (holder !== undefined && holder.token === token)\n    return new DeviceBusy"
      },
      {
        file: requests,
        find: "all[index]?.context.holder === undefined)",
        replace: "all[index] !== undefined)"
      },
      {
        file: chart,
        find: `    release: [
      { guard: "goesBack",`,
        replace: `    reserve: { actions: hold },
    release: [
      { guard: "goesBack",`
      }
    ]
  },
  {
    id: "M-Z085b",
    zoo: ["Z085"],
    title: "who takes a detached device is not noted",
    shows: "detach(D), start(A) and start(B), which both want it",
    expects: ["I23", "I24", "I25"],
    shape: "detached for two",
    edits: [
      {
        file: chart,
        find: `const detached = base.createStateConfig({
  on: {
    reserve: { target: "reserved", actions: hold },`,
        replace: `const detached = base.createStateConfig({
  on: {
    reserve: { target: "reserved", actions: clear },`
      }
    ]
  },
  {
    id: "M-Z085c",
    zoo: ["Z085"],
    title: "what else is of the group is not looked at",
    shows: "start(A), which wants one function of two, while the host has the other",
    expects: ["I23"],
    shape: "mates of a group",
    edits: [
      {
        file: "src/node/hostdev-group.ts",
        find: "      if (why !== undefined) members.push({ device: address, why })\n",
        replace: ""
      }
    ]
  },
  {
    id: "M-Z066",
    zoo: ["Z066"],
    title: "an engine does not ask what the one before had taken",
    shows: "start(A) with a device, the engine is killed and opens, destroy(A)",
    expects: ["I24", "I26"],
    shape: "whose it was",
    edits: [
      {
        file: "actors/driver/boot.ts",
        find: "recalled: hostdevs.records",
        replace: "recalled: hostdevs.records.slice(0, 0)"
      }
    ]
  },
  {
    id: "M-Z066b",
    zoo: ["Z066"],
    title: "a device goes back to whichever driver the kernel finds",
    shows: "start(A) with a device that somebody had given another driver, destroy(A)",
    expects: ["I24", "I26"],
    shape: "in the middle of a binding",
    edits: [
      {
        file: drivers,
        find: "  yield* override(address, named)\n",
        replace: `  yield* override(address, "")\n`
      }
    ]
  },
  {
    id: "M-Z066c",
    zoo: ["Z066"],
    title: "that a device was detached by hand is forgotten by the next engine",
    shows: "detach(D), the engine is killed and opens",
    expects: ["I24"],
    shape: "whose it was",
    edits: [
      {
        file: chart,
        find: `event.type === "looked" && event.isOnVfio && context.isDetached`,
        replace: `event.type === "looked" && event.isOnVfio && context.isDetached && false`
      }
    ]
  },
  {
    id: "M-I31c",
    zoo: [],
    title: "what is taken is remembered after it was taken",
    shows: "the engine is killed between the unbinding of a device and its record",
    expects: ["I31", "I24"],
    shape: "in the middle of a binding",
    edits: [
      {
        file: binding,
        find: `  const remembered = yield* Effect.result(ground.store.writeHostdev(record))
  if (remembered._tag === "Failure") return refuse(remembered.failure.message)
  const taken = yield* Effect.result(ground.drivers.take(device))
`,
        replace: `  const taken = yield* Effect.result(ground.drivers.take(device))
  const remembered = yield* Effect.result(ground.store.writeHostdev(record))
  if (remembered._tag === "Failure") return refuse(remembered.failure.message)
`
      }
    ]
  },
  {
    id: "M-I31d",
    zoo: [],
    title: "what was taken is forgotten before it is back",
    shows: "the engine is killed while a device goes back to its driver",
    expects: ["I31", "I24"],
    shape: "in the middle of a binding",
    edits: [
      {
        file: binding,
        find: "  const record = yield* store.readHostdev(device)\n",
        replace: `  const record = yield* store.readHostdev(device)
  yield* Effect.ignore(store.removeHostdev(device))
`
      }
    ]
  },
  {
    id: "M-I24",
    zoo: [],
    title: "the kernel is left with the word which driver a device is for",
    shows: "start(A) with a device, destroy(A)",
    expects: ["I24", "I26"],
    shape: "one card for many",
    edits: [
      {
        file: drivers,
        find: "    yield* override(address, before)\n",
        replace: ""
      }
    ]
  },
  {
    id: "M-Z084b",
    zoo: ["Z084"],
    title: "a release is answered before the device is back with its driver",
    shows: "destroy(A) answered while its device is on its way",
    expects: ["I24", "I26"],
    shape: "back before it is off",
    edits: [
      {
        file: requests,
        find:
          `  change.wait({ call, wait: "release", ` +
          `devices: [...devices, ...leaving], token })\n`,
        replace: "  change.reply(call, answered())\n"
      }
    ]
  },
  {
    id: "M-Z081",
    zoo: ["Z081"],
    title: "a device that a guest has is given back to its driver when somebody says so",
    shows: "start(A) with a device, reattach(D)",
    expects: ["I24", "I25", "I10"],
    shape: "given by hand",
    edits: [
      {
        file: requests,
        find: `  if (problem !== undefined && !isMendable) return refused(change, call, problem)
`,
        replace: `  if (problem !== undefined && !isMendable && type !== "reattach")
    return refused(change, call, problem)
`
      },
      {
        file: chart,
        find: `    release: [
      { guard: "goesBack",`,
        replace: `    reattach: { target: "reattaching", actions: letGo },
    release: [
      { guard: "goesBack",`
      }
    ]
  },
  {
    id: "M-Z081b",
    zoo: ["Z081"],
    title: "a function is given back to its driver while a guest has another of its group",
    shows: "detach(D), start(A) with a mate of D's, reattach(D)",
    expects: ["I24", "I26"],
    shape: "given back under a mate",
    edits: [
      {
        file: binding,
        find: "    if (use !== undefined) return use\n",
        replace: ""
      }
    ]
  },
  {
    id: "M-Z083b",
    zoo: ["Z083"],
    title: "a device whose driver it left in vain stays where it is",
    shows: "start(A) with a device that VFIO does not take",
    expects: ["I24", "I26"],
    shape: "a driver that will not",
    edits: [
      {
        file: binding,
        find: "  return yield* undo(ground, { record, why: failure.message }, self)\n",
        replace: "  return refuse(failure.message)\n"
      }
    ]
  }
]
