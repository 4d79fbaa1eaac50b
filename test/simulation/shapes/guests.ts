/** Shapes of what guests do while they run. */
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
  shape("started paused", ["Z053", "Z107"], () => ({
    clients: [
      again(3, { call: "start", domain: 0, isPaused: true }, { call: "destroy", domain: 0 })
    ]
  })),
  shape("suspended and resumed", ["Z056"], () => ({
    clients: [
      [
        { call: "start", domain: 0 },
        ...again(3, { call: "suspend", domain: 0, afterMs: 300 }, { call: "resume", domain: 0 })
      ]
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
  shape("rebooted once", ["Z101"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "reboot", domain: 0, mode: "acpi", afterMs: 300 },
        { call: "info", domain: 0, afterMs: 20_000 }
      ]
    ],
    faults: [someFault(draw, "guest", { from: 2, reach: 4, of: ["poweroff"] })]
  })),
  shape("destroyed while it reboots", ["Z100"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0 },
        { call: "reboot", domain: 0, mode: "acpi", afterMs: 300 },
        { call: "info", domain: 0, afterMs: 20_000 }
      ],
      [{ call: "destroy", domain: 0, afterMs: 2000 }]
    ],
    faults: [someFault(draw, "qmp", { from: 5, reach: 3, of: ["hang", "late", "die-before"] })]
  })),
  // Its process hangs in the kernel: the first such process does so for a second only.
  shape("powered off and stuck", ["Z094"], (draw) => ({
    domains: 3,
    clients: [
      [
        { call: "start", domain: 2 },
        { call: "destroy", domain: 2 },
        { call: "start", domain: 0 },
        { call: "info", domain: 0, afterMs: 300 }
      ],
      [{ call: "destroy", domain: 0, afterMs: 3000 + draw.below(3000) }]
    ],
    faults: [
      { seam: "guest", nth: 1, fault: "poweroff" },
      { seam: "signal", nth: 0, fault: "stuck" },
      { seam: "signal", nth: 2, fault: "stuck" }
    ]
  })),
  shape("powered off and destroyed", ["Z099"], (draw) => ({
    clients: [
      [{ call: "start", domain: 0 }],
      // When QEMU has just ended, and what it had is being given back.
      [{ call: "destroy", domain: 0, afterMs: 25 + draw.below(3) }]
    ],
    faults: [{ seam: "guest", nth: 0, fault: "poweroff" }]
  }))
]
