/**
 * Goal: a QEMU that runs may lock as much memory as its guest needs, once it gets a host device;
 * one that is held to its limit and whose limit cannot be raised gets none.
 * Method: real processes with a low limit, of root and of nobody; limits are read from /proc. Where
 * whoever runs this may not raise a hard limit, the refusal is what is looked for.
 */
import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { expect, onTestFinished, test } from "vitest"
import { raiseMemoryLock } from "../../../actors/domain/memory-lock.ts"
import type { Domain } from "../../../src/model/domain.ts"
import { parseDomain } from "../../../src/xml/domain.ts"
import { onHost } from "./fixture.ts"

const guest = (devices: string): Domain =>
  Result.getOrThrow(
    parseDomain(
      `<domain type='qemu'><name>web</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
      <os><type arch='x86_64' machine='q35'>hvm</type></os><devices>${devices}</devices></domain>`,
      { uuid: "00000000-0000-4000-8000-000000000001" }
    )
  ).domain

const card = `<hostdev mode='subsystem' type='pci'><source>
  <address domain='0' bus='3' slot='0' function='0'/></source></hostdev>`

/** Soft and hard, in bytes. */
const limitsOf = (pid: number) =>
  /^Max locked memory +(\S+) +(\S+)/m
    .exec(readFileSync(`/proc/${pid}/limits`, "utf8"))
    ?.slice(1)
    .map(Number)

const wanted = 64 * 1024 ** 2 + 1024 ** 3
const low = 65_536

/** linux/capability.h: CAP_SYS_RESOURCE. */
const mayRaise = () => {
  const word = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]
  return (BigInt(`0x${word}`) & (1n << 24n)) !== 0n
}

const sleeper = async (...as: readonly string[]): Promise<number> => {
  const words = [...as, "prlimit", `--memlock=${low}:${low}`, "sleep", "60"]
  const child = spawn("env", words, { stdio: "ignore" })
  onTestFinished(() => void child.kill("SIGKILL"))
  const pid = child.pid ?? 0
  await expect.poll(() => readFileSync(`/proc/${pid}/comm`, "utf8")).toBe("sleep\n")
  expect(limitsOf(pid)).toEqual([low, low])
  return pid
}

const raise = (pid: number, live: Domain) =>
  onHost(() => Effect.result(raiseMemoryLock({ pid, startTime: "0" }, live)))

const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

test("a guest without a host device keeps the limit that it has", async () => {
  const pid = await sleeper()
  expect(await raise(pid, guest(""))).toMatchObject({ _tag: "Success" })
  expect(limitsOf(pid)).toEqual([low, low])
})

test("root's QEMU is given the limit, or is not held to it", async () => {
  const pid = await sleeper()
  expect(await raise(pid, guest(card))).toMatchObject({ _tag: "Success" })
  expect(limitsOf(pid)).toEqual(mayRaise() ? [wanted, wanted] : [low, low])
})

test("an account's QEMU is given the limit, or the device is refused", async () => {
  const pid = await sleeper(...nobody)
  const raised = await raise(pid, guest(card))
  if (mayRaise()) expect(limitsOf(pid)).toEqual([wanted, wanted])
  else expect(raised).toMatchObject({ _tag: "Failure", failure: { _tag: "HelperRefused" } })
})
