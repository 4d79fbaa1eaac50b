/** Shapes of QEMUs that are silent, late, verbose or hang up. */
import { again, shape, type Shape, someFault } from "./shape.ts"

export const monitors: readonly Shape[] = [
  shape("silent QEMU", ["Z123", "Z115", "Z121"], (draw) => ({
    domains: 4,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0 },
        { call: "resume", domain: 0 },
        { call: "info", domain: 0 },
        { call: "xml", domain: 0 },
        { call: "destroy", domain: 0 }
      ],
      [
        { call: "start", domain: 2 },
        { call: "list", afterMs: 300 },
        { call: "info", domain: 0 },
        { call: "suspend", domain: 2 },
        { call: "list" }
      ],
      again(3, { call: "list", afterMs: 20 }, { call: "info", domain: 0 }),
      again(2, { call: "start", domain: 3 }, { call: "destroy", domain: 3 })
    ],
    startConcurrency: 1 + draw.below(2),
    faults: [
      draw.oneIn(3)
        ? someFault(draw, "qemu", { reach: 2, of: ["mute"] })
        : someFault(draw, "qmp", { reach: 14, of: ["hang", "late"] })
    ]
  })),
  shape("one that hangs", ["Z123", "Z125"], (draw) => ({
    domains: 3,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 300 }
      ],
      [{ call: "start", domain: 2, afterMs: 20 }, { call: "list" }]
    ],
    startConcurrency: 1,
    faults: [
      draw.oneIn(2)
        ? { seam: "qemu", nth: 0, fault: draw.among(["mute", "slow"] as const) }
        : someFault(draw, "qmp", { from: 5, reach: 6, of: ["hang", "late"] })
    ]
  })),
  shape("in the middle of a command", ["Z033"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 300 },
        { call: "info", domain: 0 }
      ],
      [
        { call: "destroy", domain: 0, afterMs: 2000 },
        { call: "info", domain: 0 }
      ],
      [{ call: "suspend", domain: 0, afterMs: 500 }]
    ],
    faults: [someFault(draw, "qmp", { from: 3, reach: 3, of: ["hang", "die-before", "late"] })]
  })),
  shape("ends in mid-sentence", ["Z049"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        ...again(3, { call: "suspend", domain: 0, afterMs: 300 }, { call: "resume", domain: 0 }),
        { call: "reset", domain: 0 }
      ]
    ],
    faults: [someFault(draw, "qmp", { from: 4, reach: 7, of: ["die-after"] })]
  })),
  shape("refused", ["Z114"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 300 },
        { call: "suspend", domain: 0 },
        { call: "resume", domain: 0 }
      ]
    ],
    faults: [someFault(draw, "qmp", { from: 5, reach: 2, of: ["refuse"] })]
  })),
  shape("late answer", ["Z133"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 300 },
        { call: "resume", domain: 0 },
        { call: "suspend", domain: 0 },
        { call: "info", domain: 0, afterMs: 20_000 }
      ]
    ],
    faults: [someFault(draw, "qmp", { from: 5, reach: 2, of: ["late"] })]
  })),
  shape("words in pieces", ["Z133"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 300 },
        { call: "resume", domain: 0 },
        { call: "reset", domain: 0 }
      ]
    ],
    faults: [
      someFault(draw, "data", { reach: 12, of: ["split"] }),
      someFault(draw, "data", { reach: 12, of: ["split"] })
    ]
  })),
  shape("lost and found", ["Z058", "Z078"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 300 },
        { call: "resume", domain: 0 },
        { call: "info", domain: 0, afterMs: 2000 },
        { call: "info", domain: 0, afterMs: 20_000 }
      ]
    ],
    faults: [
      someFault(draw, "qmp", { from: 3, reach: 5, of: ["closed", "closed", "garbage"] }),
      someFault(draw, "guest", { from: 2, reach: 5, of: ["poweroff", "panic", "ioerror"] })
    ]
  })),
  shape("flood", ["Z028"], (draw) => ({
    domains: 2,
    ...(draw.oneIn(2) ? { listenerMs: 20 } : {}),
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "suspend", domain: 0, afterMs: 20 },
        { call: "resume", domain: 0 },
        { call: "reset", domain: 0 },
        { call: "info", domain: 0, afterMs: 2000 }
      ],
      again(2, { call: "info", domain: 0 }, { call: "setTitle", domain: 0, version: 9 })
    ],
    faults: [
      someFault(draw, "qmp", { reach: 8, of: ["flood"] }),
      someFault(draw, "guest", { reach: 5, of: ["poweroff", "reset", "panic"] })
    ]
  })),
  // The second process that hangs in the kernel does so for longer than a call may wait.
  shape("clocks that jump", [], (draw) => ({
    domains: 3,
    clients: [
      [
        { call: "start", domain: 2 },
        { call: "destroy", domain: 2 },
        { call: "start", domain: 0 },
        { call: "destroy", domain: 0 }
      ],
      [{ call: "setTitle", domain: 0, version: 1, afterMs: 2500 }],
      [{ call: "setTitle", domain: 0, version: 2, afterMs: 5000 }],
      [{ call: "setTitle", domain: 0, version: 3, afterMs: 8000 }]
    ],
    faults: [
      { seam: "signal", nth: 0, fault: "stuck" },
      { seam: "signal", nth: 2, fault: "stuck" },
      someFault(draw, "world", { from: 400, reach: 700, of: ["clock-back", "clock-forward"] })
    ]
  }))
]
