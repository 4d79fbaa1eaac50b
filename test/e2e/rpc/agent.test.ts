/**
 * Goal: what a guest's agent tells reaches Debian's clients in the shapes that they expect, and an
 * agent that is away is told by its own code.
 * Method: Debian's qemu-ga in the tests' Linux; virsh and python3-libvirt against a daemon.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { agentGuest } from "../console/agent-guest.ts"
import { linuxMemoryMiB } from "../linux/linux-guest.ts"
import { python, startService } from "./service.ts"

const program = `
import json, libvirt, libvirt_qemu, sys, time
libvirt.registerErrorHandler(lambda *_: None, None)
connection = libvirt.open(sys.argv[1])
domain = connection.lookupByName("web")
def code(work):
    try: return work()
    except libvirt.libvirtError as error: return "code %d" % error.get_error_code()
ping = '{"execute":"guest-ping"}'
print("off:", code(lambda: domain.getTime()))
domain.create()
print("away:", code(lambda: libvirt_qemu.qemuAgentCommand(domain, ping, 1, 0)))
end = time.time() + 120
ask = lambda text, seconds: code(lambda: libvirt_qemu.qemuAgentCommand(domain, text, seconds, 0))
while time.time() < end and ask(ping, 1) != '{"return":{}}':
    time.sleep(0.2)
print("ping:", ask(ping, 5))
print("bad:", ask('{"execute":"nonsense"}', 5))
print("hostname:", domain.hostname(0))
print("time:", abs(domain.getTime()["seconds"] - time.time()) < 3600)
addresses = domain.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
print("lo:", addresses["lo"]["addrs"][0])
print("leases:", domain.interfaceAddresses(libvirt.VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE))
hostname, interfaces = 8, 64
info = domain.guestInfo(hostname | interfaces)
print("info:", info["hostname"], info["if.count"] >= 1, info["if.0.name"])
print("filesystems:", type(domain.fsInfo()).__name__)
print("vcpus:", json.dumps(domain.guestVcpus(), sort_keys=True))
print("freeze:", domain.fsFreeze(), domain.fsThaw())
timeout = lambda seconds: code(lambda: domain.agentSetResponseTimeout(seconds))
print("timeout:", timeout(5), timeout(-3))
`

test("an agent answers over RPC, and one that is away is told so", async () => {
  const service = await startService()
  const { kernel, initrd, cmdline } = await agentGuest()
  const file = join(service.directory, "web.xml")
  writeFileSync(
    file,
    `<domain type='qemu'>
      <name>web</name><memory unit='MiB'>${linuxMemoryMiB}</memory><vcpu>2</vcpu>
      <os><type arch='x86_64' machine='pc'>hvm</type>
        <kernel>${kernel}</kernel><initrd>${initrd}</initrd><cmdline>${cmdline}</cmdline></os>
      <features><acpi/><apic/></features>
      <devices>
        <serial type='pty'/>
        <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
      </devices></domain>`
  )
  await service.does("define", file)
  const said = await python(service, program)
  expect(said.trim().split("\n")).toEqual([
    "off: code 55",
    "away: code 86",
    'ping: {"return":{}}',
    "bad: code 84",
    "hostname: agent-guest",
    "time: True",
    "lo: {'addr': '127.0.0.1', 'prefix': 8, 'type': 0}",
    "leases: {}",
    "info: agent-guest True lo",
    "filesystems: list",
    'vcpus: {"offlinable": "1", "online": "0-1", "vcpus": "0-1"}',
    "freeze: 0 0",
    "timeout: 0 code 8"
  ])
}, 240_000)
