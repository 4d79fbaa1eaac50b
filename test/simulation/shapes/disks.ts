/** Shapes of definitions and records: names, disks that fail, power that goes. */
import { inFileVersion } from "../../../src/testing/simulation/definition.ts"
import { again, shape, type Shape, someFault } from "./shape.ts"

export const disks: readonly Shape[] = [
  shape("config flip", ["Z129", "Z130"], (draw) => ({
    domains: 4,
    clients: [
      [
        { call: "define", domain: 2, version: inFileVersion },
        { call: "start", domain: 2 },
        { call: "reloadConfig", version: draw.below(3) },
        { call: "destroy", domain: 2 },
        { call: "start", domain: 3 }
      ],
      again(
        3,
        { call: "reloadConfig", ...(draw.oneIn(2) ? { version: draw.below(3) } : {}) },
        { call: "start", domain: 3 },
        { call: "info", domain: 2 }
      )
    ],
    faults: [someFault(draw, "world", { reach: 300, of: ["reload"] })]
  })),
  shape("two want one name", ["Z003", "Z013", "Z005"], (draw) => ({
    domains: 2,
    clients: [
      [
        { call: "rename", domain: 0, to: 2 },
        { call: "lookup", domain: 0 },
        { call: "rename", domain: 0, to: 0 },
        { call: "list" }
      ],
      [
        { call: "rename", domain: 1, to: 2 },
        { call: "define", domain: 3, version: 1, as: draw.among([0, 2]) },
        { call: "rename", domain: 1, to: 1 },
        { call: "list" }
      ],
      [
        { call: "create", domain: 2, version: 4 },
        { call: "list" },
        { call: "destroy", domain: 2 },
        { call: "define", domain: 2, version: 5 },
        { call: "list" }
      ]
    ],
    faults: draw.oneIn(3)
      ? [someFault(draw, "file", { reach: 60, of: ["ENOSPC", "EIO", "slow"] })]
      : []
  })),
  shape("full disk", ["Z015", "Z017", "Z034", "Z090"], (draw) => ({
    domains: 2,
    clients: [
      [
        { call: "define", domain: 0, version: 1 },
        { call: "rename", domain: 0, to: 3 },
        { call: "setTitle", domain: 0, version: 2 },
        { call: "xml", domain: 0 },
        { call: "define", domain: 3, version: 3 },
        { call: "list" }
      ],
      [
        { call: "define", domain: 4, version: 4 },
        { call: "list" },
        { call: "define", domain: 4, version: 5 },
        { call: "undefine", domain: 1 },
        { call: "define", domain: 1, version: 6 }
      ],
      again(2, { call: "setTitle", domain: 0, version: 7 }, { call: "start", domain: 0 }),
      again(6, { call: "list" })
    ],
    faults: [
      someFault(draw, "file", { reach: 70, of: ["ENOSPC", "EIO", "EACCES"] }),
      ...(draw.oneIn(3) ? [someFault(draw, "client", { reach: 12, of: ["vanish"] })] : []),
      ...(draw.oneIn(3)
        ? [someFault(draw, "world", { reach: 900, of: ["kill", "power-cut"] })]
        : [])
    ]
  })),
  shape("half a write", ["Z090"], (draw) => ({
    clients: [
      [{ call: "define", domain: 0, version: 1 }, { call: "xml", domain: 0 }, { call: "list" }]
    ],
    faults: [someFault(draw, "file", { from: 4, reach: 6, of: ["EIO", "ENOSPC"] })]
  })),
  shape("the power goes", ["Z074"], (draw) => ({
    domains: 2,
    clients: [
      [
        { call: "define", domain: 0, version: 1 },
        { call: "xml", domain: 0 },
        { call: "setAutostart", domain: 0, isAutostart: true },
        { call: "info", domain: 0 },
        { call: "rename", domain: 0, to: 3 },
        { call: "undefine", domain: 0 },
        { call: "list" }
      ],
      [
        { call: "define", domain: 2, version: 2 },
        { call: "rename", domain: 2, to: 4 },
        { call: "undefine", domain: 2 },
        { call: "define", domain: 1, version: 3 },
        { call: "list" }
      ]
    ],
    faults: [
      draw.oneIn(3)
        ? someFault(draw, "file", { reach: 90, of: ["kill-before", "kill-after"] })
        : someFault(draw, "world", { reach: 700, of: ["power-cut", "kill"] })
    ]
  })),
  shape("undefined, and the power goes", ["Z074"], (draw) => ({
    domains: 2,
    clients: [
      [{ call: "undefine", domain: 0 }, { call: "list" }],
      [{ call: "define", domain: 1, version: 1 }, { call: "list" }]
    ],
    faults: [someFault(draw, "world", { from: 15, reach: 40, of: ["power-cut"] })]
  })),
  shape("written meanwhile", ["Z041", "Z043", "Z046", "Z127"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "setTitle", domain: 0, version: 1 },
        { call: "suspend", domain: 0 },
        { call: "resume", domain: 0 },
        { call: "destroy", domain: 0 },
        { call: "xml", domain: 0 },
        { call: "start", domain: 0 }
      ],
      again(
        2,
        { call: "setTitle", domain: 0, version: 2 + draw.below(9) },
        { call: "suspend", domain: 0 },
        { call: "xml", domain: 0 },
        { call: "resume", domain: 0 }
      )
    ],
    faults: [
      ...(draw.oneIn(2) ? [someFault(draw, "file", { reach: 70, of: ["slow"] })] : []),
      ...(draw.oneIn(2) ? [someFault(draw, "world", { reach: 1200, of: ["kill"] })] : [])
    ]
  })),
  shape("record on a slow disk", ["Z041", "Z127"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 300 },
        { call: "info", domain: 0 },
        { call: "info", domain: 0, afterMs: 20_000 }
      ],
      [
        { call: "setTitle", domain: 0, version: 1, afterMs: 310 },
        { call: "xml", domain: 0 }
      ]
    ],
    faults: [someFault(draw, "file", { from: 30, reach: 40, of: ["slow"] })]
  })),
  shape("looked at while it is written", ["Z115"], (draw) => ({
    domains: 2,
    clients: [
      [
        { call: "setTitle", domain: 0, version: 1 },
        { call: "setTitle", domain: 0, version: 2 }
      ],
      again(8, { call: "info", domain: 0, afterMs: 100 })
    ],
    faults: [someFault(draw, "file", { from: 3, reach: 10, of: ["slow"] })]
  }))
]
