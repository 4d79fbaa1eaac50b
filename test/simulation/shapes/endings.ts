/** Shapes of guests that end, and of whom they end with. */
import { again, shape, type Shape, someFault } from "./shape.ts"

export const endings: readonly Shape[] = [
  // On a loaded host the news of an exit may come when the next start is over.
  shape("late EOF", ["Z008"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        ...again(8, { call: "destroy", domain: 0 }, { call: "start", domain: 0 })
      ]
    ],
    mayTimePass: true,
    schedule: { kind: draw.oneIn(8) ? "swizzle" : "pct", seed: draw.below(1_000_000) }
  })),
  shape("started while it dies", ["Z101", "Z113"], () => ({
    clients: [
      again(3, { call: "start", domain: 0 }, { call: "destroy", domain: 0, afterMs: 1 }),
      again(30, { call: "start", domain: 0, afterMs: 1 })
    ]
  })),
  shape("undefine under start", ["Z002"], (draw) => ({
    clients: [
      [{ call: "undefine", domain: 0 }, { call: "list" }, { call: "lookup", domain: 0 }],
      [
        { call: "start", domain: 0, ...(draw.oneIn(2) ? { afterMs: 1 } : {}) },
        { call: "info", domain: 0 },
        { call: "list" }
      ],
      [{ call: "create", domain: 0, version: 5 }, { call: "list" }]
    ]
  })),
  shape("defined while it ends", ["Z002"], (draw) => ({
    isEmpty: true,
    clients: [
      [
        { call: "create", domain: 0, version: 1 },
        { call: "define", domain: 0, version: 2 },
        { call: "lookup", domain: 0 },
        { call: "xml", domain: 0 },
        { call: "list" }
      ],
      again(2, { call: "destroy", domain: 0, afterMs: draw.among([300, 2000]) }),
      ...(draw.oneIn(2) ? [again(2, { call: "list", afterMs: 300 })] : [])
    ],
    // One of the deeds by which a definition gets onto the disk.
    faults: [someFault(draw, "file", { from: 38, reach: 16, of: ["slow"] })]
  })),
  shape("alive after kill", ["Z094", "Z095", "Z104"], (draw) => ({
    domains: 2,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "destroy", domain: 0, ...(draw.oneIn(3) ? { isGraceful: true } : {}) },
        { call: "start", domain: 0 },
        { call: "info", domain: 0 },
        { call: "destroy", domain: 0 }
      ],
      again(3, { call: "start", domain: 1, afterMs: 300 }, { call: "destroy", domain: 1 })
    ],
    faults: [
      someFault(draw, "signal", { reach: 3, of: ["stuck"] }),
      ...(draw.oneIn(2) ? [someFault(draw, "qmp", { reach: 6, of: ["hang"] })] : [])
    ]
  })),
  shape("REMOVED too early", ["Z047", "Z084", "Z004"], (draw) => ({
    domains: 3,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "destroy", domain: 0 },
        { call: "start", domain: 1 },
        { call: "destroy", domain: 1 }
      ],
      again(
        3,
        { call: "create", domain: 3, version: 1 + draw.below(3) },
        { call: "destroy", domain: 3 },
        { call: "create", domain: 4, version: 7, as: 3 },
        { call: "destroy", domain: 4 }
      )
    ]
  })),
  shape("gone with its client", ["Z037", "Z039", "Z108", "Z131"], (draw) => ({
    domains: 3,
    clients: [
      [
        { call: "start", domain: 0, autoDestroy: true },
        { call: "destroy", domain: 0 },
        { call: "create", domain: 3, version: 2, autoDestroy: true },
        { call: "info", domain: 0 },
        { call: "info", domain: 2 }
      ],
      again(2, { call: "start", domain: 0, afterMs: draw.among([1, 20]) }, { call: "list" }),
      [
        { call: "start", domain: 2, autoDestroy: true },
        { call: "destroy", domain: 2 },
        { call: "start", domain: 2 },
        { call: "list", afterMs: 300 }
      ]
    ],
    faults: [
      ...Array.from({ length: draw.below(3) }, () =>
        someFault(draw, "client", { reach: 10, of: ["vanish"] })
      ),
      ...(draw.oneIn(2)
        ? [someFault(draw, "world", { reach: 1200, of: ["kill", "terminate"] })]
        : [])
    ]
  })),
  shape("gone before it begins", ["Z037", "Z132"], (draw) => ({
    isWarm: true,
    clients: [
      again(
        12,
        { call: "start", domain: 0, autoDestroy: true },
        { call: "destroy", domain: 0, afterMs: 300 }
      )
    ],
    faults: [0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22].map((nth) => ({
      seam: "client",
      nth,
      fault: "hang-up"
    })),
    schedule: { kind: draw.among(["uniform", "pct", "swizzle"]), seed: draw.below(2 ** 31) }
  }))
]
