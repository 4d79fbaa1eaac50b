/**
 * Two reboots, by ACPI and by the agent, and one SHUTDOWN event: the guest reboots, and lives on.
 * There is no agent in the simulated guest, so the second is refused; the first still has to count.
 */
import { planOf, story, upTo, stateIn, withEach } from "./story.ts"

const domain = 0

const reboots = planOf([
  [
    { call: "start", domain },
    { call: "reboot", domain, mode: "acpi", afterMs: 5000 },
    { call: "info", domain, afterMs: 20_000 }
  ],
  [{ call: "reboot", domain, mode: "agent", afterMs: 5023 }],
  [{ call: "reboot", domain, afterMs: 5030 }]
])

export const acpiThenAgentReboot = story({
  name: "ACPI then agent reboot",
  zoo: ["Z055"],
  orders: 12,
  plans: () => [reboots, ...withEach(reboots, { seam: "data", fault: "slow" }, upTo(8))],
  oracle: (seen) => {
    const [info] = seen.calls("info")
    if (seen.aliveAt(info?.invokedAt ?? 0).length !== 1) return "a reboot ended the guest"
    const state = stateIn(info)
    return state === "running" ? undefined : `after a reboot the guest is ${state}`
  }
})
