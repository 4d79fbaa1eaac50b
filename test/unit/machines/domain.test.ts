/**
 * Goal: what random plays found on the domain's chart stays found. Method: the shortest play of
 * each finding, on the pure chart.
 */
import { expect, test } from "vitest"
import type { GuestStatus } from "../../../machines/domain/context.ts"
import type { DomainMessage } from "../../../machines/domain/domain.ts"
import { type Actions, birthOf, type DomainRig } from "../../property/machines/domain-cast.ts"
import { domainLaws } from "../../property/machines/domain-laws.ts"

const usual: Actions = { onPoweroff: "destroy", onReboot: "restart", onCrash: "destroy" }
const epoch = "0.9"

const found = (rig: DomainRig, status: GuestStatus) =>
  rig.hearFrom("reattach", { type: "reattached", status })
const lost = { type: "monitorEnded", epoch, why: "EOF" } as const

/** A guest of an earlier engine that was found as it had been left. */
const guest = (kind: "running" | "paused", actions: Partial<Actions> = {}): DomainRig => {
  const rig = birthOf(
    {
      kind: "adopted",
      guest: kind,
      isDefined: true,
      isWild: false,
      actions: { ...usual, ...actions },
      prelude: "none"
    },
    { laws: domainLaws }
  )
  found(rig, kind)
  return rig
}

const through = (rig: DomainRig, ...messages: readonly DomainMessage[]): DomainRig => {
  for (const message of messages) rig.serve(message)
  expect(rig.broken).toEqual([])
  return rig
}

const shutdown = { type: "qmpShutdown", epoch, isGuest: true, reason: "guest-shutdown" } as const
const destroy = (call: number, isGraceful: boolean) =>
  ({ type: "destroy", call, isGraceful, epoch: undefined }) as const
const graceOf = (rig: DomainRig) => rig.scripts.get("release")?.params

test("a resume is acknowledged when the guest is found running", () => {
  const rig = through(guest("paused"), { type: "resume", call: 1 }, lost)
  found(rig, "running")
  expect(rig.answers.get(1)).toMatchObject({ ok: true })
  expect(rig.name).toContain("life.running.steady")
})

test("a suspend is acknowledged when the guest is found paused", () => {
  const rig = through(guest("running"), { type: "suspend", call: 1 }, lost)
  found(rig, "paused")
  expect(rig.answers.get(1)).toMatchObject({ ok: true })
})

test("a resume is told that the guest powered off meanwhile and is kept", () => {
  const rig = through(
    guest("paused", { onPoweroff: "preserve" }),
    { type: "resume", call: 1 },
    shutdown
  )
  expect(rig.answers.get(1)).toMatchObject({ ok: false })
  expect(rig.name).toContain("life.paused.steady")
})

test("a signal ends with its guest, and says nothing of the next one", () => {
  const signal = { type: "signal", call: 1, signal: "shutdown", mode: "agent" } as const
  const rig = through(guest("running"), signal, destroy(2, false))
  expect(rig.answers.get(1)).toMatchObject({ ok: false })
  expect(rig.scripts.has("sendSignal")).toBe(false)
})

test("who destroys gently does not prolong what another has cut short", () => {
  const rig = through(guest("running"), destroy(1, false))
  const { size } = rig.scripts
  through(rig, destroy(2, true), destroy(3, false))
  expect(graceOf(rig)).toMatchObject({ graceMs: 400 })
  expect(
    rig.turns.flatMap(({ actions }) => actions).filter(({ type }) => type === "release")
  ).toHaveLength(1)
  expect(rig.scripts.size).toBe(size)
})

test("who destroys does not wait out the grace of a guest that powered off", () => {
  const rig = through(guest("running"), shutdown)
  expect(graceOf(rig)).toMatchObject({ graceMs: 10_000 })
  through(rig, destroy(1, false))
  expect(graceOf(rig)).toMatchObject({ graceMs: 400 })
})

test("a guest that powers off while it boots again is not taken for running", () => {
  const rig = through(
    guest("running", { onPoweroff: "restart" }),
    shutdown,
    { type: "qmpReset", epoch },
    { type: "qmpResume", epoch },
    shutdown
  )
  expect(rig.name).toContain("life.rebooting")
  expect(rig.scripts.has("bootAgain")).toBe(true)
})

test("what is told after a guest was found is heard after it", () => {
  const rig = through(guest("running"), lost)
  found(rig, "running")
  const last = rig.turns.at(-1)?.actions.map(({ type }) => type)
  expect(last).toContain("hear")
})
