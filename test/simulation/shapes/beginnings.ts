/** Shapes of starts: two at once, one that is given up, one whose engine is killed. */
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
  shape("given up while it starts", ["Z083", "Z093", "Z099"], (draw) => ({
    domains: 3,
    clients: [
      again(6, { call: "start", domain: 0 }),
      again(16, { call: "destroy", domain: 0, ...(draw.oneIn(2) ? { afterMs: 1 } : {}) }),
      again(8, { call: "destroy", domain: 0 }),
      again(3, { call: "start", domain: 2 })
    ],
    startConcurrency: 1 + draw.below(2)
  })),
  // Slots 0 and 1 want one device, which is another story.
  shape("left at the door", ["Z015"], (draw) => ({
    clients: [2, 6, 10].map((first) =>
      [0, 1, 2, 3].map((more) => ({ call: "create", domain: first + more, version: 1 }) as const)
    ),
    startConcurrency: 4,
    faults: Array.from({ length: 6 }, () =>
      someFault(draw, "client", { reach: 12, of: ["vanish"] })
    )
  })),
  shape("listed while they change", ["Z006"], () => ({
    domains: 3,
    clients: [
      again(3, { call: "start", domain: 0 }, { call: "destroy", domain: 0 }),
      again(3, { call: "create", domain: 3, version: 1 }, { call: "destroy", domain: 3 }),
      again(12, { call: "list" }),
      again(12, { call: "list", afterMs: 1 })
    ]
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
  shape("answered before it is written", ["Z065"], (draw) => ({
    clients: [
      [
        { call: "start", domain: 0, ...(draw.oneIn(2) ? { isPaused: true } : {}) },
        { call: "info", domain: 0, afterMs: 2000 }
      ]
    ],
    // From the first word of the record to the last.
    faults: [someFault(draw, "file", { from: 20, reach: 30, of: ["kill-before", "kill-after"] })]
  })),
  // The first process that is stuck is so for a second, the next one for longer than anybody waits.
  shape("orphan that does not die", ["Z065", "Z101"], (draw) => ({
    domains: 3,
    clients: [
      [
        { call: "start", domain: 2 },
        { call: "destroy", domain: 2 },
        ...again(3, { call: "start", domain: 2 })
      ],
      [
        { call: "start", domain: 2, afterMs: 4000 },
        { call: "start", domain: 2 }
      ]
    ],
    faults: [
      { seam: "spawn", nth: 1, fault: "kill-after" },
      { seam: "signal", nth: 0, fault: "stuck" },
      { seam: "signal", nth: 1 + draw.below(2), fault: "stuck" },
      { seam: "signal", nth: 3, fault: "stuck" }
    ]
  })),
  shape("called while it drains", ["Z128"], (draw) => ({
    domains: 3,
    clients: [
      [{ call: "start", domain: 0 }],
      ...[1, 2, 3].map((version) =>
        again(10, { call: "setTitle", domain: 2, version }, { call: "info", domain: 2 })
      )
    ],
    faults: [
      { seam: "qemu", nth: 0, fault: "slow" },
      someFault(draw, "world", { from: 60, reach: 200, of: ["terminate"] })
    ]
  }))
]
