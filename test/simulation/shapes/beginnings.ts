/** Shapes of starts, and of engines that open. */
import { again, shape, type Shape, someFault } from "./shape.ts"

export const beginnings: readonly Shape[] = [
  shape("transient twin", ["Z001"], (draw) => ({
    isEmpty: true,
    clients: [
      [
        { call: "create", domain: 0, version: 1 },
        { call: "info", domain: 0 },
        { call: "destroy", domain: 0 }
      ],
      [
        { call: "create", domain: 0, version: 2, ...(draw.oneIn(3) ? { as: 1 } : {}) },
        { call: "list" },
        { call: "info", domain: 0 }
      ],
      [{ call: "list" }, { call: "lookup", domain: 0 }]
    ],
    faults: draw.oneIn(2) ? [someFault(draw, "spawn", { reach: 2, of: ["EAGAIN", "ENOMEM"] })] : []
  })),
  shape("opened twice", ["Z001"], (draw) => ({
    domains: 4,
    clients: [
      again(2, { call: "xml", domain: 2 }, { call: "start", domain: 2 }),
      again(2, { call: "start", domain: 2 }, { call: "info", domain: 2 }),
      again(2, { call: "setTitle", domain: 3, version: 1 }, { call: "start", domain: 3 }),
      again(2, { call: "start", domain: 3 }, { call: "list" })
    ],
    // Before anything has happened: what was defined has no actor in the next engine.
    faults: [someFault(draw, "world", { reach: 30, of: ["kill", "terminate"] })]
  })),
  shape("twin rollback", ["Z080", "Z085"], (draw) => ({
    domains: 3,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "destroy", domain: 0, afterMs: 300 }
      ],
      again(4, { call: "start", domain: 1 }),
      again(2, { call: "start", domain: 2 }, { call: "destroy", domain: 2 })
    ],
    startConcurrency: 1 + draw.below(3)
  })),
  shape("cancel before start", ["Z109", "Z097", "Z106"], (draw) => ({
    domains: 2,
    clients: [
      again(3, { call: "start", domain: 0 }),
      again(
        3,
        { call: "destroy", domain: 0, afterMs: draw.among([1, 20, 300]) },
        { call: "start", domain: 1 }
      ),
      again(2, { call: "destroy", domain: 0, afterMs: 1 }, { call: "destroy", domain: 1 })
    ],
    faults: draw.oneIn(2)
      ? [someFault(draw, "qemu", { reach: 2, of: ["mute", "slow", "die-late"] })]
      : [],
    startConcurrency: 1 + draw.below(2)
  })),
  shape("crash between spawn and status", ["Z065"], (draw) => ({
    domains: 2,
    clients: [
      [
        { call: "start", domain: 0, ...(draw.oneIn(2) ? { isPaused: true } : {}) },
        { call: "info", domain: 0 },
        { call: "start", domain: 0 },
        { call: "destroy", domain: 0 }
      ],
      again(2, { call: "start", domain: 0, afterMs: 20 }, { call: "info", domain: 0 })
    ],
    faults: [
      draw.oneIn(3)
        ? someFault(draw, "spawn", { reach: 2, of: ["kill-before", "kill-after"] })
        : someFault(draw, "file", { reach: 90, of: ["kill-before", "kill-after"] }),
      ...(draw.oneIn(3) ? [someFault(draw, "signal", { reach: 1, of: ["stuck"] })] : [])
    ]
  })),
  shape("given twice", ["Z009", "Z067", "Z088"], (draw) => ({
    domains: 4,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "info", domain: 0, afterMs: 2000 },
        { call: "destroy", domain: 0 },
        { call: "start", domain: 1 },
        { call: "info", domain: 1 }
      ],
      again(3, { call: "start", domain: 1, afterMs: 300 }, { call: "info", domain: 1 }),
      again(2, { call: "start", domain: 2, afterMs: 300 }, { call: "info", domain: 2 }),
      [
        { call: "start", domain: 3, afterMs: 2000 },
        { call: "info", domain: 3 }
      ]
    ],
    faults: [someFault(draw, "world", { from: 100, reach: 700, of: ["kill", "terminate"] })]
  })),
  shape("unreadable record", ["Z077"], (draw) => {
    const at = 40 + draw.below(60)
    return {
      clients: [
        [
          { call: "start", domain: 0 },
          { call: "info", domain: 0, afterMs: 300 },
          { call: "list" },
          { call: "destroy", domain: 0 }
        ]
      ],
      faults: [
        { seam: "file", nth: at, fault: "EIO" },
        ...(draw.oneIn(2) ? [{ seam: "file" as const, nth: at + 1, fault: "EIO" as const }] : []),
        someFault(draw, "world", { from: 150, reach: 250, of: ["kill"] })
      ]
    }
  }),
  shape("killed while it recovers", ["Z065"], (draw) => ({
    domains: 2,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "info", domain: 0, afterMs: 300 },
        { call: "info", domain: 0, afterMs: 300 },
        { call: "list" },
        { call: "destroy", domain: 0 }
      ]
    ],
    faults: [
      someFault(draw, "world", { from: 150, reach: 250, of: ["kill"] }),
      draw.oneIn(2)
        ? someFault(draw, "file", { from: 60, reach: 60, of: ["kill-before", "kill-after"] })
        : someFault(draw, "world", { from: 250, reach: 400, of: ["kill"] })
    ]
  })),
  shape("restart order", ["Z064", "Z074", "Z079"], (draw) => ({
    domains: 3,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "info", domain: 0, afterMs: 20 },
        { call: "destroy", domain: 0 },
        { call: "list" },
        { call: "start", domain: 0 }
      ],
      [
        { call: "start", domain: 2 },
        { call: "list", afterMs: 300 },
        { call: "undefine", domain: 2 },
        { call: "list" }
      ]
    ],
    faults: [
      draw.oneIn(2)
        ? someFault(draw, "signal", { reach: 2, of: ["kill-before", "kill-after"] })
        : someFault(draw, "world", { reach: 900, of: ["kill", "power-cut"] }),
      ...(draw.oneIn(2) ? [someFault(draw, "world", { reach: 1500, of: ["kill"] })] : [])
    ]
  })),
  shape("shutdown in init", ["Z127", "Z126"], (draw) => ({
    domains: 4,
    clients: [
      [
        { call: "setAutostart", domain: 0, isAutostart: true },
        { call: "setAutostart", domain: 2, isAutostart: true },
        { call: "setAutostart", domain: 3, isAutostart: true },
        { call: "start", domain: 0 },
        { call: "list", afterMs: 300 }
      ],
      [
        { call: "start", domain: 2, autoDestroy: true },
        { call: "start", domain: 3 },
        { call: "list", afterMs: 20 }
      ]
    ],
    startConcurrency: 1,
    faults: [
      someFault(draw, "world", { reach: 900, of: ["terminate", "kill"] }),
      someFault(draw, "world", { reach: 1800, of: ["terminate"] }),
      someFault(draw, "world", { reach: 2400, of: ["terminate", "kill"] })
    ]
  }))
]
