/**
 * The chart of one host device: the host's, held for a guest, on its way between its driver and
 * VFIO, or out of order. The pool of its kind steps one of these for each device that is not simply
 * the host's. Being on its way is never cut short: what is asked meanwhile is done when it has
 * arrived.
 */
import { setup } from "xstate"

/** Who has a device: one start of one guest, or one device plugged into it later. */
export interface Holder {
  readonly uuid: string
  readonly name: string
  readonly epoch: string
  /** Chosen by the asker before it asks, so that its undo can be registered first. */
  readonly token: string
}

export interface HostdevContext {
  readonly device: string
  /** PCI functions change drivers; USB and SCSI devices are taken as they are. */
  readonly isBound: boolean
  readonly holder: Holder | undefined
  /** The engine takes it from its driver and gives it back, without being asked. */
  readonly isManaged: boolean
  /** The driver that it had and gets back; `""` is none. `undefined` while it is not ours. */
  readonly original: string | undefined
  /** It was taken from its driver for nobody in particular, and stays so until it is asked back. */
  readonly isDetached: boolean
  /** What went wrong last. */
  readonly why: string | undefined
}

export interface HostdevInput {
  readonly device: string
  readonly isBound: boolean
}

/** What is asked of a device, once its pool has seen that it may be. */
export type HostdevRequest =
  /** Of an engine before us: what it had begun, and how that stands has to be looked at. */
  | { readonly type: "recall"; readonly original: string; readonly isDetached: boolean }
  | { readonly type: "reserve" | "adopt"; readonly holder: Holder; readonly isManaged: boolean }
  | { readonly type: "prepare" | "release" | "reattach" | "reset" | "look" }
  | { readonly type: "detach"; readonly isForced: boolean }

/** What the scripts have seen. */
export type HostdevFact =
  /** With VFIO. `isFound`: it had been put there by somebody else. */
  | { readonly type: "detached"; readonly original: string; readonly isFound: boolean }
  /** It could not be taken or given back, and nothing was touched, or it is as before. */
  | { readonly type: "refused"; readonly why: string }
  | { readonly type: "reattached" }
  | { readonly type: "resetDone"; readonly why: string | undefined }
  /** Neither here nor there. */
  | { readonly type: "failed"; readonly why: string }
  /** Something that had hung has ended: how things stand is seen by looking. */
  | { readonly type: "moved" }
  /** How an earlier engine's device stands: with VFIO, or with the host. */
  | { readonly type: "looked"; readonly isOnVfio: boolean }

type Context = { readonly context: HostdevContext }

const base = setup({
  types: {
    context: {} as HostdevContext,
    events: {} as HostdevRequest | HostdevFact,
    input: {} as HostdevInput
  },
  actions: {
    /** Takes it from its driver: ends in `detached`, `refused` or `failed`. */
    detach: (_, _params: { readonly isForced: boolean }) => {},
    /** Gives it back to its driver: ends in `reattached` or `failed`. */
    reattach: () => {},
    /** Ends in `resetDone`. */
    reset: () => {},
    /** Sees which driver it is with: ends in `looked`. */
    look: () => {}
  },
  guards: {
    isHeld: ({ context }: Context) => context.holder !== undefined,
    isDetached: ({ context }: Context) => context.isDetached,
    /** It has a driver to leave, or one that it has left: whether it has not gone back is seen. */
    isBound: ({ context }: Context) => context.isBound,
    /** Taken for a guest, it goes back with it. */
    goesBack: ({ context }: Context) => context.original !== undefined && !context.isDetached,
    isFound: ({ event }) => event.type === "detached" && event.isFound,
    /** With VFIO, where somebody had put it for nobody in particular. */
    staysDetached: ({ context, event }) =>
      event.type === "looked" && event.isOnVfio && context.isDetached
  }
})

const hold = base.assign({
  holder: ({ context, event }) => ("holder" in event ? event.holder : context.holder),
  isManaged: ({ context, event }) => ("isManaged" in event ? event.isManaged : context.isManaged),
  why: undefined
})
const letGo = base.assign({ holder: undefined, isManaged: false })
const forget = base.assign({
  holder: undefined,
  isManaged: false,
  original: undefined,
  isDetached: false
})
const blame = base.assign({
  why: ({ context, event }) => ("why" in event ? event.why : context.why)
})
const take = base.assign({
  original: ({ context, event }) => (event.type === "detached" ? event.original : context.original),
  // Who finds it with VFIO leaves it there: it was not the engine that put it there.
  isDetached: ({ context, event }) =>
    event.type === "detached" && (event.isFound || context.holder === undefined),
  why: undefined
})

const clear = base.assign({ why: undefined })
/** Half way home it is not to stay with VFIO any more. */
const homeward = base.assign({ isDetached: false })
const recall = base.assign({
  original: ({ context, event }) => (event.type === "recall" ? event.original : context.original),
  isDetached: ({ event }) => event.type === "recall" && event.isDetached
})
/** It goes back at once, to what it had. */
const takeBack = base.assign({
  original: ({ context, event }) => (event.type === "detached" ? event.original : context.original)
})

const detachNow = [
  clear,
  {
    type: "detach" as const,
    params: ({ event }: { readonly event: HostdevRequest | HostdevFact }) => ({
      isForced: event.type === "detach" && event.isForced
    })
  }
]

/** An earlier engine had taken it from its driver. */
const unknown = base.createStateConfig({
  on: {
    adopt: { target: "assigned", actions: hold },
    look: { target: "looking", actions: "look" }
  }
})

const looking = base.createStateConfig({
  on: {
    // A guest that was found late.
    adopt: { actions: hold },
    looked: [
      { guard: "isHeld", target: "assigned" },
      { guard: "staysDetached", target: "detached" },
      { target: "reattaching" }
    ]
  }
})

const host = base.createStateConfig({
  on: {
    recall: {
      target: "unknown",
      actions: recall
    },
    reserve: { target: "reserved", actions: hold },
    adopt: { target: "assigned", actions: hold },
    detach: { target: "detaching", actions: detachNow },
    // Nothing of ours; somebody else may have left it with VFIO.
    reattach: { target: "reattaching", actions: clear },
    reset: { target: "resetting", actions: "reset" }
  }
})

/** For one guest, which does not have it yet. */
const reserved = base.createStateConfig({
  on: {
    prepare: [
      {
        guard: "isBound",
        target: "detaching",
        actions: [clear, { type: "detach", params: { isForced: false } }]
      },
      { target: "assigned" }
    ],
    release: [
      // Somebody else may have taken it from VFIO meanwhile.
      { guard: "isDetached", target: "looking", actions: [letGo, "look"] },
      // It had not got home yet from the guest before.
      { guard: "goesBack", target: "reattaching", actions: letGo },
      { target: "host", actions: forget }
    ]
  }
})

const detaching = base.createStateConfig({
  on: {
    // Whoever it was for does not want it any more: it arrives, and goes back.
    release: { actions: letGo, target: "turning" },
    detached: [
      { guard: "isHeld", target: "assigned", actions: take },
      { target: "detached", actions: take }
    ],
    refused: [
      { guard: "isHeld", target: "reserved", actions: blame },
      { target: "host", actions: [blame, forget] }
    ],
    failed: { target: "broken", actions: [blame, letGo] }
  }
})

/** Still leaving its driver, and not wanted any more. */
const turning = base.createStateConfig({
  on: {
    detached: [
      {
        guard: "isFound",
        target: "detached",
        actions: take
      },
      {
        target: "reattaching",
        actions: takeBack
      }
    ],
    refused: [
      { guard: "goesBack", target: "reattaching" },
      { guard: "isDetached", target: "looking", actions: "look" },
      { target: "host", actions: forget }
    ],
    failed: { target: "broken", actions: [blame, letGo] }
  }
})

/** With VFIO, for nobody; unless somebody else has taken it from there since. */
const detached = base.createStateConfig({
  on: {
    reserve: { target: "reserved", actions: hold },
    adopt: { target: "assigned", actions: hold },
    detach: { target: "detaching", actions: detachNow },
    reattach: { target: "reattaching", actions: clear },
    reset: { target: "resetting", actions: "reset" }
  }
})

const assigned = base.createStateConfig({
  on: {
    release: [
      { guard: "goesBack", target: "reattaching", actions: letGo },
      { guard: "isDetached", target: "looking", actions: [letGo, "look"] },
      { target: "host", actions: forget }
    ]
  }
})

const resetting = base.createStateConfig({
  on: {
    resetDone: [
      { guard: "isDetached", target: "detached", actions: blame },
      { target: "host", actions: blame }
    ],
    failed: { target: "broken", actions: [blame, letGo] }
  }
})

const reattaching = base.createStateConfig({
  entry: "reattach",
  on: {
    reattached: { target: "host", actions: [forget, clear] },
    // A guest has another of its IOMMU group, or others hang: it stays where it is.
    refused: [
      { guard: "isDetached", target: "detached", actions: blame },
      { guard: "goesBack", target: "lingering", actions: blame },
      { target: "host", actions: blame }
    ],
    failed: { target: "broken", actions: [blame, letGo, homeward] }
  }
})

/**
 * With VFIO still, because of a guest that has another of its group, or because nothing moves while
 * other drivers hang; goes home after that.
 */
const lingering = base.createStateConfig({
  on: {
    reserve: { target: "reserved", actions: hold },
    adopt: { target: "assigned", actions: hold },
    reattach: { target: "reattaching", actions: clear },
    moved: { target: "reattaching", actions: clear }
  }
})

/** On its way home from being out of order; where it cannot go yet, it is so still. */
const mending = base.createStateConfig({
  entry: "reattach",
  on: {
    reattached: { target: "host", actions: [forget, clear] },
    refused: { target: "broken", actions: [blame, homeward] },
    failed: { target: "broken", actions: [blame, letGo, homeward] }
  }
})

/** Nobody's: where it is, somebody has to see to. */
const broken = base.createStateConfig({
  on: {
    reattach: { target: "mending", actions: clear },
    moved: [
      // A reset that hung has ended: what was detached before is so still.
      { guard: "isDetached", target: "detached", actions: clear },
      { target: "mending" }
    ]
  }
})

export const hostdevMachine = base.createMachine({
  id: "hostdev",
  context: ({ input }) => ({
    device: input?.device ?? "",
    isBound: input?.isBound ?? true,
    holder: undefined,
    isManaged: false,
    original: undefined,
    isDetached: false,
    why: undefined
  }),
  initial: "host",
  states: {
    unknown,
    looking,
    host,
    reserved,
    detaching,
    turning,
    detached,
    assigned,
    resetting,
    reattaching,
    lingering,
    mending,
    broken
  }
})
