/**
 * Goal: the calls that go through a guest's agent do in a real guest what they say, and each way
 * in which an agent can be away has its own answer. Method: Debian's kernel and Debian's qemu-ga
 * in the tests' Linux, under TCG.
 */
import * as Effect from "effect/Effect"
import { expect, test } from "vitest"
import type { Domain } from "../../../src/engine/handle.ts"
import type { TroupeEvent } from "../../../src/engine/engine.ts"
import { linuxMemoryMiB, linuxOrders } from "../linux/linux-guest.ts"
import { agentGuest } from "./agent-guest.ts"
import { bytesOf, listenTo, onStage, onStages, type Stage } from "./stage.ts"

/** The first run fetches packages; a boot under TCG takes ten seconds and more. */
const patience = { timeout: 600_000 }

const xmlOf = async (directory: string): Promise<string> => {
  const { kernel, initrd, cmdline } = await agentGuest()
  return `<domain type='qemu'>
    <name>web</name><memory unit='MiB'>${linuxMemoryMiB}</memory><vcpu>2</vcpu>
    <os><type arch='x86_64' machine='pc'>hvm</type>
      <kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>${cmdline}</cmdline></os>
    <features><acpi/><apic/></features>
    <devices>
      <serial type='pty'/>
      <console type='unix'>
        <source mode='bind' path='${directory}/hvc.sock'/><target type='virtio'/>
      </console>
      <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      <channel type='unix'><target type='virtio' name='org.example.0'/></channel>
    </devices></domain>`
}

const until = (what: string, holds: () => boolean) =>
  Effect.gen(function* () {
    for (let waited = 0; !holds(); waited += 20) {
      if (waited > 120_000) throw new Error(`waited two minutes for ${what}`)
      yield* Effect.sleep(20)
    }
  })

/** Started, with all that is told of it, and with its agent there. */
const booted = ({ engine, directory }: Stage) =>
  Effect.gen(function* () {
    const events: TroupeEvent[] = []
    const listening = Effect.gen(function* () {
      const take = yield* engine.subscribe()
      for (;;) {
        const event = yield* take
        if (event === undefined) return
        events.push(event)
      }
    })
    yield* Effect.forkDetach(Effect.scoped(listening), { startImmediately: true })
    const xml = yield* Effect.promise(() => xmlOf(directory))
    const domain: Domain = yield* engine.defineXML(xml)
    yield* domain.start()
    const isConnected = () =>
      events.some((event) => event.type === "agent-lifecycle" && event.state === "connected")
    return { domain, events, connected: until("the agent", isConnected) }
  })

/** Runs a shell's words in the guest, and waits until they are done. */
const inGuest = (domain: Domain, words: string) =>
  Effect.gen(function* () {
    const run = { path: "/bin/sh", arg: ["-c", words], "capture-output": true }
    const text = JSON.stringify({ execute: "guest-exec", arguments: run })
    const { return: started } = JSON.parse((yield* domain.agent.command(text)) ?? "")
    const ask = JSON.stringify({ execute: "guest-exec-status", arguments: { pid: started.pid } })
    for (;;) {
      const { return: status } = JSON.parse((yield* domain.agent.command(ask)) ?? "")
      if (status.exited) return atob(status["out-data"] ?? "")
      yield* Effect.sleep(50)
    }
  })

/** A shell's words that end in a redirection, for the port of this name. */
const named = (name: string, words: string): string =>
  `for p in /sys/class/virtio-ports/*; do
    [ "$(cat $p/name)" = ${name} ] && ${words} /dev/$(basename $p)
  done`

const channelState = (xml: string, name: string): string | undefined =>
  new RegExp(`name='${name}' state='(\\w+)'`).exec(xml)?.[1]

test("each call does in the guest what it says", patience, () =>
  onStage((stage) =>
    Effect.gen(function* () {
      const { domain, connected } = yield* booted(stage)
      const { agent } = domain
      expect(yield* Effect.flip(agent.time)).toMatchObject({
        _tag: "AgentUnresponsive",
        why: "it is not connected"
      })
      expect(channelState(yield* domain.xml(), "org.qemu.guest_agent.0")).toBe("disconnected")
      yield* connected
      const xml = yield* domain.xml()
      expect(channelState(xml, "org.qemu.guest_agent.0")).toBe("connected")
      expect(channelState(xml, "org.example.0")).toBe("disconnected")
      expect(channelState(yield* domain.xml({ isInactive: true }), "org.example.0")).toBe(undefined)

      expect(JSON.parse((yield* agent.command('{"execute":"guest-ping"}')) ?? "")).toEqual({
        return: {}
      })
      const moment = { seconds: 1_700_000_000n, nanoseconds: 0 }
      yield* agent.setTime(moment)
      const now = yield* agent.time
      expect(Number(now.seconds - moment.seconds)).toBeGreaterThanOrEqual(0)
      expect(Number(now.seconds - moment.seconds)).toBeLessThan(600)

      const info = yield* agent.info()
      expect(info.os).toMatchObject({ id: "troupe", name: "Troupe Test", machine: "x86_64" })
      expect(info.interfaces).toContainEqual({
        name: "lo",
        hardwareAddress: "00:00:00:00:00:00",
        addresses: expect.arrayContaining([{ kind: "ipv4", address: "127.0.0.1", prefix: 8 }])
      })
      expect(info.hostname).toBe(yield* agent.hostname)
      expect(info.timezone).toMatchObject({ offsetSeconds: 0 })
      expect(info.users).toEqual([])
      expect(yield* agent.interfaceAddresses("agent")).toEqual(info.interfaces)
      expect(yield* agent.interfaceAddresses("arp")).toEqual([])
      expect(yield* Effect.flip(agent.interfaceAddresses("lease"))).toMatchObject({
        _tag: "GuestUnsupported"
      })

      expect((yield* agent.vcpus).map(({ isOnline }) => isOnline)).toEqual([true, true])
      yield* agent.setVcpus([1], false)
      expect((yield* agent.vcpus).map(({ isOnline }) => isOnline)).toEqual([true, false])
      yield* agent.setVcpuCount(2)
      expect((yield* agent.vcpus).map(({ isOnline }) => isOnline)).toEqual([true, true])
      expect(yield* Effect.flip(agent.setVcpus([7], true))).toMatchObject({
        _tag: "InvalidArgument"
      })

      yield* agent.setSshKeys("root", ["ssh-ed25519 AAAA one"])
      yield* agent.setSshKeys("root", ["ssh-ed25519 BBBB two"], "append")
      expect((yield* agent.sshKeys("root")).toSorted()).toEqual([
        "ssh-ed25519 AAAA one",
        "ssh-ed25519 BBBB two"
      ])
      yield* agent.setSshKeys("root", ["ssh-ed25519 AAAA one"], "remove")
      expect(yield* agent.sshKeys("root")).toEqual(["ssh-ed25519 BBBB two"])

      const refused = yield* Effect.flip(agent.command('{"execute":"guest-nonsense"}'))
      expect(refused).toMatchObject({ _tag: "AgentRefused", class: "CommandNotFound" })
      expect(yield* agent.command('{"execute":"guest-ping"}', { timeoutSeconds: 0 })).toBe(
        undefined
      )
      // What was not waited for is not taken for the next answer.
      expect((yield* agent.hostname).length).toBeGreaterThan(0)
      for (const text of ["", "{", "[]", '{"execute":1}'])
        expect(yield* Effect.flip(agent.command(text))).toMatchObject({ _tag: "InvalidArgument" })
    })
  )
)

test("an agent that is busy, gone or told to end", patience, () =>
  onStage((stage) =>
    Effect.gen(function* () {
      const { domain, connected, events } = yield* booted(stage)
      const { agent } = domain
      yield* connected
      // Stopped in the guest: it neither reads nor answers, and its port stays open.
      yield* inGuest(
        domain,
        `(sleep 1; kill -STOP $(pidof qemu-ga)
          sleep 8; kill -CONT $(pidof qemu-ga)) >/dev/null 2>&1 &`
      )
      yield* Effect.sleep(2_500)
      yield* agent.setResponseTimeout(1)
      expect(yield* Effect.flip(agent.hostname)).toMatchObject({ _tag: "AgentUnresponsive" })
      yield* agent.setResponseTimeout(-2)
      // It answers what it was asked meanwhile, and that is not the answer to this.
      yield* Effect.sleep(8_000)
      expect(yield* agent.command('{"execute":"guest-ping"}')).toContain("return")

      yield* inGuest(domain, "(sleep 1; kill -9 $(pidof qemu-ga)) >/dev/null 2>&1 &")
      yield* until("the agent's end", () =>
        events.some((one) => one.type === "agent-lifecycle" && one.state === "disconnected")
      )
      yield* until("the agent again", () => {
        const all = events.filter((one) => one.type === "agent-lifecycle")
        return all.length >= 3
      })
      yield* domain.shutdown("agent")
      yield* domain.waitFor("shutoff")
      expect(yield* Effect.flip(agent.time)).toMatchObject({ _tag: "NotRunning" })
    })
  )
)

test("a console that nobody reads does not hold the guest up", patience, () =>
  onStage((stage) =>
    Effect.gen(function* () {
      const { domain, connected } = yield* booted(stage)
      yield* connected
      const flood = "head -c 300000 /dev/zero | tr '\\\\0' x"
      const done = yield* inGuest(
        domain,
        `${flood} > /dev/hvc0 && ${flood} | head -c 20000 > /dev/ttyS0 && echo done`
      )
      expect(done).toBe("done\n")
      // Who opens it then hears what comes from then on.
      const channel = yield* domain.openConsole({ device: "console0" })
      const heard = listenTo(channel)
      yield* inGuest(domain, "echo now > /dev/hvc0")
      yield* heard.says(/now\r?\n/)
      channel.close()

      const port = yield* domain.openChannel({ device: "org.example.0" })
      expect(port.device).toBe("channel1")
      const bulk = listenTo(port)
      port.pause()
      // The pipe in the guest fills, and nothing is lost: the guest waits.
      yield* inGuest(
        domain,
        `(${named("org.example.0", "head -c 3000000 /dev/zero >")}) >/dev/null 2>&1 &`
      )
      yield* Effect.sleep(1_000)
      expect(bulk.text().length).toBeLessThan(1_000_000)
      port.resume()
      yield* bulk.says(/^\0{3000000}$/)
      // The other way: what the guest does not read makes the writer wait, and is not dropped.
      const piece = new Uint8Array(64 * 1024).fill(0x78)
      let sent = 0
      let isDrained = true
      port.onDrain(() => void (isDrained = true))
      while (isDrained || sent < 1_000_000) {
        isDrained = port.write(piece)
        sent += piece.length
        if (!isDrained) break
      }
      expect(port.pendingBytes()).toBeGreaterThan(0)
      yield* inGuest(
        domain,
        `(${named("org.example.0", `head -c ${sent} <`)} | wc -c > /run/count) >/dev/null 2>&1 &`
      )
      yield* until("the writer may go on", () => isDrained)
      expect(
        yield* inGuest(domain, "until [ -s /run/count ]; do sleep 1; done; cat /run/count")
      ).toBe(`${sent}\n`)
      const serial = yield* domain.openConsole({ device: "serial0" })
      serial.write(bytesOf(linuxOrders.powerOff))
      yield* domain.waitFor("shutoff")
    })
  )
)

test("the next engine finds agent, channels and consoles as they are", patience, () =>
  onStages(
    (stage) =>
      Effect.gen(function* () {
        const { domain, connected } = yield* booted(stage)
        yield* connected
        // Open when the engine ends: the device is free for the next one.
        listenTo(yield* domain.openConsole({ device: "serial0" }))
        expect(yield* domain.agent.hostname).toBe("agent-guest")
      }),
    ({ engine }) =>
      Effect.gen(function* () {
        const domain = yield* engine.lookup("web")
        for (;;) {
          const state = channelState(yield* domain.xml(), "org.qemu.guest_agent.0")
          if (state === "connected") break
          yield* Effect.sleep(20)
        }
        expect(yield* domain.agent.hostname).toBe("agent-guest")
        const serial = yield* domain.openConsole({ device: "serial0" })
        serial.write(bytesOf(linuxOrders.powerOff))
        yield* domain.waitFor("shutoff")
      })
  )
)
