/** Shapes of engines that end, and of those that open after them. */
import { again, shape, type Shape, someFault } from "./shape.ts"

export const recoveries: readonly Shape[] = [
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
  shape("torn record", ["Z077"], (draw) => ({
    domains: 2,
    clients: [
      [{ call: "start", domain: 0 }, { call: "setTitle", domain: 0, version: 2 }, { call: "list" }]
    ],
    faults: [someFault(draw, "world", { from: 50, reach: 80, of: ["power-cut"] })]
  })),
  shape("unreadable record", ["Z077"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        ...again(8, { call: "info", domain: 0, afterMs: 100 }),
        { call: "list" }
      ]
    ],
    // The start is over; the next engine reads what there is of records.
    faults: [
      someFault(draw, "world", { from: 105, reach: 20, of: ["kill"] }),
      someFault(draw, "file", { from: 70, reach: 50, of: ["EIO"] })
    ]
  })),
  shape("killed while it recovers", ["Z065"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0, ...(draw.oneIn(2) ? { isPaused: true } : {}) },
        { call: "info", domain: 0, afterMs: 2000 },
        { call: "info", domain: 0, afterMs: 2000 }
      ]
    ],
    faults: [
      someFault(draw, "world", { from: 60, reach: 60, of: ["kill"] }),
      someFault(draw, "file", { from: 74, reach: 16, of: ["kill-before", "kill-after"] })
    ]
  })),
  shape("ended while it starts domains", ["Z126"], (draw) => ({
    domains: 5,
    clients: [
      [
        ...[2, 3, 4].map(
          (domain) => ({ call: "setAutostart", domain, isAutostart: true }) as const
        ),
        ...again(14, { call: "list", afterMs: 20 })
      ]
    ],
    startConcurrency: 1,
    faults: [
      someFault(draw, "world", { from: 34, reach: 8, of: ["kill"] }),
      someFault(draw, "world", { from: 150, reach: 200, of: ["terminate"] })
    ]
  })),
  shape("last words", ["Z059"], (draw) => ({
    domains: 3,
    clients: [
      [{ call: "start", domain: 0, autoDestroy: true }, ...again(2, { call: "list", afterMs: 300 })]
    ],
    faults: [someFault(draw, "world", { from: 82, reach: 16, of: ["terminate"] })]
  })),
  shape("found again", ["Z058", "Z061", "Z072", "Z092"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 300 },
        { call: "resume", domain: 0, afterMs: 300 },
        { call: "info", domain: 0, afterMs: 2000 },
        { call: "info", domain: 0, afterMs: 20_000 }
      ]
    ],
    faults: [
      someFault(draw, "world", { from: 70, reach: 110, of: ["kill"] }),
      draw.oneIn(2)
        ? someFault(draw, "guest", { from: 1, reach: 4, of: ["poweroff", "panic", "ioerror"] })
        : someFault(draw, "qmp", { from: 5, reach: 4, of: ["hang", "late", "die-after", "closed"] })
    ]
  })),
  shape("a word on the way", ["Z068"], (draw) => ({
    clients: [
      [{ call: "start", domain: 0 }, ...again(5, { call: "info", domain: 0, afterMs: 300 })]
    ],
    // The guest acts just after it was asked how it is.
    faults: [
      someFault(draw, "world", { from: 104, reach: 14, of: ["kill"] }),
      { seam: "guest", nth: 1, fault: draw.among(["suspend", "ioerror"] as const) }
    ]
  })),
  // Pids 300 to 302: after some engines that come to nothing the next one has the guest's.
  shape("pid of another", ["Z010", "Z011", "Z077"], (draw) => ({
    domains: 3,
    pidMax: 302,
    clients: [
      [
        { call: "start", domain: 2 },
        { call: "destroy", domain: 2 },
        { call: "info", domain: 2 },
        { call: "list", afterMs: 2000 }
      ]
    ],
    faults: [
      { seam: "signal", nth: 0, fault: "kill-after" },
      { seam: "file", nth: 34 + draw.below(12), fault: "kill-before" },
      { seam: "file", nth: 48 + draw.below(16), fault: "kill-before" }
    ]
  })),
  shape("adopted and gone", ["Z010", "Z011", "Z077"], (draw) => ({
    domains: 3,
    // A process that hangs keeps its pid; there is one for each of the others still.
    pidMax: 303 + draw.below(3),
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "info", domain: 0, afterMs: 20 },
        { call: "destroy", domain: 0 },
        { call: "start", domain: 0 },
        { call: "destroy", domain: 0, isGraceful: true }
      ],
      again(4, { call: "start", domain: 2 }, { call: "destroy", domain: 2 })
    ],
    faults: [
      someFault(draw, "world", { reach: 700, of: ["kill"] }),
      someFault(draw, "qmp", { reach: 14, of: ["die-after", "die-before", "hang"] }),
      ...(draw.oneIn(2)
        ? [someFault(draw, "signal", { reach: 3, of: ["kill-after", "stuck"] })]
        : [])
    ]
  }))
]
