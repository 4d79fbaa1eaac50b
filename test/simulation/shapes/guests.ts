/** Shapes of what guests and their QEMUs do while they run. */
import { again, shape, type Shape, someFault } from "./shape.ts"

export const guests: readonly Shape[] = [
  shape("event before reply", ["Z056", "Z057", "Z035"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0, ...(draw.oneIn(3) ? { isPaused: true } : {}) },
        { call: "reset", domain: 0, afterMs: 300 },
        { call: "info", domain: 0 },
        { call: "reboot", domain: 0, mode: "acpi", afterMs: 300 },
        { call: "info", domain: 0, afterMs: 300 },
        { call: "suspend", domain: 0 },
        { call: "info", domain: 0 },
        { call: "resume", domain: 0 },
        { call: "info", domain: 0 }
      ],
      again(2, { call: "suspend", domain: 0, afterMs: 300 }, { call: "resume", domain: 0 })
    ],
    faults: [
      someFault(draw, "guest", { reach: 6, of: ["poweroff", "reset", "ioerror", "suspend"] }),
      someFault(draw, "qmp", { reach: 12, of: ["no-id", "refuse", "double", "late"] })
    ]
  })),
  shape("ACPI then agent reboot", ["Z055", "Z098", "Z101"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "reboot", domain: 0, mode: "acpi", afterMs: 300 },
        draw.oneIn(2)
          ? { call: "reboot", domain: 0, mode: "agent" }
          : { call: "shutdown", domain: 0, mode: draw.among(["acpi", "agent"] as const) },
        { call: "info", domain: 0, afterMs: 2000 },
        { call: "info", domain: 0, afterMs: 20_000 }
      ]
    ],
    faults: [someFault(draw, "guest", { reach: 10, of: ["poweroff", "poweroff", "reset"] })]
  })),
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
  shape("lost and found", ["Z058", "Z061", "Z068", "Z072", "Z078"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "info", domain: 0, afterMs: 20 },
        { call: "suspend", domain: 0 },
        { call: "info", domain: 0 },
        { call: "resume", domain: 0 },
        { call: "info", domain: 0, afterMs: 2000 },
        { call: "info", domain: 0, afterMs: 20_000 }
      ]
    ],
    faults: [
      draw.oneIn(2)
        ? someFault(draw, "qmp", { reach: 8, of: ["closed", "garbage", "hang", "late"] })
        : someFault(draw, "world", { reach: 900, of: ["kill", "terminate"] }),
      someFault(draw, "guest", { reach: 8, of: ["poweroff", "reset", "panic", "ioerror"] }),
      ...(draw.oneIn(2)
        ? [someFault(draw, "qmp", { reach: 12, of: ["die-after", "closed", "hang"] })]
        : []),
      ...(draw.oneIn(2) ? [someFault(draw, "data", { reach: 24, of: ["split", "slow"] })] : []),
      ...(draw.oneIn(3) ? [someFault(draw, "socket", { reach: 8, of: ["ECONNREFUSED"] })] : [])
    ]
  })),
  shape("clocks that jump", [], (draw) => ({
    domains: 2,
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "setTitle", domain: 0, version: 1 },
        { call: "destroy", domain: 0 }
      ],
      again(4, { call: "start", domain: 0, afterMs: 1 }),
      again(2, { call: "setTitle", domain: 0, version: 2 }, { call: "start", domain: 1 })
    ],
    faults: [
      someFault(draw, "world", { reach: 500, of: ["clock-back", "clock-forward"] }),
      someFault(draw, "signal", { reach: 2, of: ["stuck"] }),
      someFault(draw, "qemu", { reach: 2, of: ["mute", "slow"] })
    ]
  })),
  shape("flood", ["Z028"], (draw) => ({
    domains: 2,
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
  }))
]
