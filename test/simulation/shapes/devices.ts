/**
 * Shapes of host devices: taken from their drivers, wanted by two, given back, lost. Slot 0 wants
 * a card, 1 and 2 the functions of another one, 3 a stick and the first card, 4 that card
 * unmanaged, 6 one function of two (src/testing/simulation/host-devices.ts). Calls name devices by
 * number: 0 the card, 1 and 2 the two functions, 3 one that had a driver by somebody's word.
 */
import type { ClientStep } from "../../../src/testing/simulation/plan.ts"
import { again, shape, type Shape, someFault } from "./shape.ts"

const hasDevices = true

/** One guest comes and goes. */
const round = (domain: number): readonly ClientStep[] => [
  { call: "start", domain },
  { call: "destroy", domain, afterMs: 300 }
]

export const devices: readonly Shape[] = [
  shape("whose it was", ["Z066"], (draw) => ({
    hasDevices,
    domains: 8,
    clients: [
      [{ call: "start", domain: 7 }, { call: "info", domain: 7, afterMs: 2000 }, ...round(7)],
      [{ call: "nodeDetach", device: 1 }, { call: "list", afterMs: 2000 }, ...round(5)]
    ],
    faults: [
      someFault(draw, "world", { from: 100, reach: 700, of: ["kill", "terminate"] }),
      ...(draw.oneIn(2) ? [someFault(draw, "world", { from: 800, reach: 900, of: ["kill"] })] : [])
    ]
  })),
  // The guest has a stick and a card, and the next engine cannot read its record.
  shape("devices without a record", ["Z077"], (draw) => ({
    hasDevices,
    domains: 4,
    clients: [
      [
        { call: "start", domain: 3 },
        ...again(8, { call: "info", domain: 3, afterMs: 100 }),
        { call: "start", domain: 0 },
        { call: "list" }
      ]
    ],
    faults: [
      someFault(draw, "world", { from: 262, reach: 16, of: ["kill"] }),
      someFault(draw, "file", { from: 234, reach: 3, of: ["EIO"] })
    ]
  })),
  shape("in the middle of a binding", ["Z066", "Z083"], (draw) => ({
    hasDevices,
    domains: 8,
    clients: [
      [...round(7), { call: "nodeDetach", device: 3 }, { call: "nodeReattach", device: 3 }]
    ],
    faults: [
      draw.oneIn(2)
        ? someFault(draw, "file", { from: 60, reach: 300, of: ["kill-before", "kill-after"] })
        : someFault(draw, "world", { from: 100, reach: 900, of: ["kill"] })
    ]
  })),
  shape("one card for many", ["Z080", "Z085"], (draw) => ({
    hasDevices,
    domains: 4,
    clients: [
      again(2, ...round(0)),
      again(2, ...round(3)),
      again(2, ...round(2)),
      [...round(1), { call: "start", domain: 3 }]
    ],
    startConcurrency: 1 + draw.below(4)
  })),
  shape("given by hand", ["Z081"], (draw) => ({
    hasDevices,
    clients: [
      again(2, ...round(0)),
      again(4, { call: "nodeReattach", device: 0, ...(draw.oneIn(2) ? { afterMs: 20 } : {}) }),
      again(2, { call: "nodeReset", device: 0 }, { call: "nodeDetach", device: 0, afterMs: 300 })
    ]
  })),
  shape("detached for two", ["Z085"], (draw) => ({
    hasDevices,
    domains: 5,
    clients: [
      [{ call: "nodeDetach", device: 0 }, ...round(4), { call: "nodeReattach", device: 0 }],
      [
        { call: "start", domain: 0, afterMs: 20 },
        { call: "destroy", domain: 0 }
      ],
      [{ call: "start", domain: 4, afterMs: draw.among([1, 20, 300]) }]
    ],
    startConcurrency: 4
  })),
  shape("mates of a group", ["Z085"], () => ({
    hasDevices,
    domains: 7,
    clients: [
      [
        { call: "start", domain: 6 },
        { call: "destroy", domain: 6 }
      ],
      [
        { call: "start", domain: 2 },
        { call: "start", domain: 6 }
      ],
      [
        { call: "nodeDetach", device: 2 },
        { call: "start", domain: 6 }
      ]
    ],
    startConcurrency: 4
  })),
  shape("given back under a mate", ["Z081"], (draw) => ({
    hasDevices,
    domains: 7,
    clients: [
      [{ call: "nodeDetach", device: 2 }, { call: "start", domain: 6 }, ...again(2, ...round(6))],
      again(4, { call: "nodeReattach", device: 2, afterMs: draw.among([20, 300, 1000]) })
    ]
  })),
  shape("back before it is off", ["Z084"], (draw) => ({
    hasDevices,
    domains: 4,
    clients: [again(3, ...round(0)), [{ call: "start", domain: 3, afterMs: 300 }]],
    faults: [
      someFault(draw, "pci", { reach: 8, of: ["slow"] }),
      someFault(draw, "pci", { reach: 8, of: ["slow"] })
    ]
  })),
  shape("a driver that will not", ["Z083"], (draw) => ({
    hasDevices,
    domains: 3,
    clients: [
      [...round(1), { call: "nodeReattach", device: 0 }, ...round(1)],
      [...round(2), { call: "nodeReattach", device: 1 }]
    ],
    faults: [
      someFault(draw, "pci", { reach: 12, of: ["refuse"] }),
      someFault(draw, "pci", { reach: 12, of: ["refuse", "slow"] })
    ]
  })),
  shape("a driver that hangs", ["Z083"], (draw) => ({
    hasDevices,
    clients: [
      [...round(0), { call: "nodeReattach", device: 0 }, ...round(0)],
      [{ call: "nodeReset", device: 0, afterMs: 20_000 }]
    ],
    faults: [
      someFault(draw, "pci", { reach: 6, of: ["stuck"] }),
      ...(draw.oneIn(2) ? [someFault(draw, "world", { from: 100, reach: 600, of: ["kill"] })] : [])
    ]
  })),
  shape("pulled out", ["Z081"], (draw) => ({
    hasDevices,
    domains: 3,
    clients: [
      [...round(1), ...round(0)],
      [{ call: "nodeDetach", device: draw.below(4) }, ...round(2)]
    ],
    faults: [someFault(draw, "pci", { reach: 12, of: ["vanish"] })]
  }))
]
