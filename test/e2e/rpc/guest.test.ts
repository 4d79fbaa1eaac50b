/**
 * Goal: a running guest is asked and told over RPC: figures, sizes, vCPUs, keys, its screen, and
 * QEMU's own monitor; what the guest cannot tell is refused and not invented.
 * Method: virsh and python3-libvirt against a daemon; a guest of QEMU's own hardware, without a
 * system, whose disk, card and memory are known.
 */
import { execFileSync } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { virsh } from "../daemon/stage.ts"
import { python, type Service, startService } from "./service.ts"

const mac = "52:54:00:11:22:33"

const definition = (disk: string): string => `<domain type='qemu'>
  <name>web</name>
  <memory unit='MiB'>64</memory>
  <vcpu current='1'>2</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/><source file='${disk}'/><target dev='vda' bus='virtio'/>
    </disk>
    <interface type='user'><mac address='${mac}'/><model type='virtio'/></interface>
    <video><model type='vga'/></video>
    <memballoon model='virtio'/>
  </devices>
</domain>`

const started = async (): Promise<Service> => {
  const service = await startService()
  const disk = join(service.directory, "disk.qcow2")
  execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", disk, "16M"])
  const file = join(service.directory, "web.xml")
  writeFileSync(file, definition(disk))
  await service.does("define", file)
  await service.does("start", "web")
  return service
}

/** `block.0.name=vda` and so on. */
const fieldsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split("\n").flatMap((line) => {
      const [name, value] = line.trim().split("=")
      return name === undefined || value === undefined ? [] : [[name, value] as const]
    })
  )

test("statistics come by group, for one domain and for all that a filter names", async () => {
  const { does } = await started()
  const all = fieldsOf(await does("domstats", "web"))
  expect(all.get("state.state")).toBe("1")
  expect(all.get("vcpu.current")).toBe("1")
  expect(all.get("vcpu.maximum")).toBe("2")
  expect(all.get("block.0.name")).toBe("vda")
  expect(all.get("block.0.capacity")).toBe(`${16 * 1024 * 1024}`)
  expect(all.get("balloon.maximum")).toBe("65536")
  expect(Number(all.get("cpu.time"))).toBeGreaterThan(0)
  const state = fieldsOf(await does("domstats", "--state", "--list-active"))
  expect([...state.keys()]).toEqual(["state.state", "state.reason"])
  expect(await does("domstats", "--list-paused")).toBe("")
  expect(fieldsOf(await does("domstats", "--nowait", "web")).get("state.state")).toBe("1")
})

test("disk, card, memory and vCPUs are told of", async () => {
  const { does, refuses } = await started()
  expect(await does("domblkstat", "web", "vda")).toMatch(/vda rd_req \d+\nvda rd_bytes \d+/)
  expect(await does("domblkinfo", "web", "vda")).toMatch(/Capacity: +16777216/)
  expect(await does("domblkerror", "web")).toBe("No errors found")
  expect(await refuses("domblkstat", "web", "vdz")).toContain("invalid argument")
  // What is of type user has no device that the host would count.
  expect(await refuses("domifstat", "web", mac)).toContain("Operation not supported")
  expect(await does("dommemstat", "web")).toMatch(/actual 65536\n(.*\n)*rss \d+/)
  expect(await does("vcpuinfo", "web")).toMatch(/VCPU: +0\nCPU: +\d+\nState: +running/)
  expect(await does("vcpucount", "web", "--maximum", "--live")).toBe("2")
  expect(await does("vcpupin", "web")).toMatch(/^ 0 +\d/m)
  expect(await does("cpu-stats", "web", "--total")).toMatch(/cpu_time +\d+\.\d+ seconds/)
  expect(await does("domcontrol", "web")).toBe("ok")
  expect(await does("domjobinfo", "web")).toMatch(/Job type: +None/)
})

test("memory, vCPUs, limits and the size of a disk are changed", async () => {
  const { does, refuses } = await started()
  await does("setmaxmem", "web", "128M", "--config")
  expect(await does("dumpxml", "web", "--inactive")).toContain("<memory unit='KiB'>131072</memory>")
  expect(await refuses("setmem", "web", "256M", "--live")).toContain("invalid argument")
  await does("setmem", "web", "48M", "--config")
  await does("setvcpus", "web", "2", "--live")
  expect(await does("vcpucount", "web", "--current", "--live")).toBe("2")
  expect(await refuses("setvcpus", "web", "3", "--live")).toContain("invalid argument")
  await does("blkdeviotune", "web", "vda", "--total-iops-sec", "200")
  expect(await does("blkdeviotune", "web", "vda")).toMatch(/total_iops_sec : 200/)
  await does("blockresize", "web", "vda", "24M")
  expect(await does("domblkinfo", "web", "vda")).toMatch(/Capacity: +25165824/)
  expect(await does("memtune", "web")).toContain("hard_limit     : unlimited")
})

test("the screen is shown, keys are pressed, the monitor answers", async () => {
  const { does, refuses, directory } = await started()
  const picture = join(directory, "screen.png")
  await does("screenshot", "web", picture)
  expect(readFileSync(picture).subarray(1, 4).toString("latin1")).toBe("PNG")
  await does("send-key", "web", "KEY_LEFTCTRL", "KEY_A")
  await does("send-key", "web", "--codeset", "xt", "30")
  expect(await refuses("send-key", "web", "--codeset", "xt", "60000")).toContain("web")
  await does("inject-nmi", "web")
  const name = await does("qemu-monitor-command", "web", '{"execute":"query-name"}')
  expect(JSON.parse(name)).toMatchObject({ return: { name: "web" } })
  expect(await does("qemu-monitor-command", "web", "--hmp", "info name")).toBe("web")
  expect(await refuses("qemu-attach", "1")).toContain("not supported by the connection driver")
})

test("what needs a guest is refused where none runs, and to who may only read", async () => {
  const { does, refuses, readOnlyUri } = await started()
  const asked = await virsh(readOnlyUri, "send-key", "web", "KEY_A")
  expect(asked.error).toContain("read only access prevents virDomainSendKey")
  expect(await virsh(readOnlyUri, "domstats", "web")).toMatchObject({ code: 0 })
  await does("destroy", "web")
  for (const command of ["domblkstat web vda", "inject-nmi web", "domcontrol web"])
    expect(await refuses(...command.split(" "))).toContain("domain is not running")
  expect(await does("domblkinfo", "web", "vda")).toMatch(/Capacity: +16777216/)
})

test("the command line of a definition is shown, ready for a shell", async () => {
  const { does, refuses } = await started()
  const line = await does("domxml-to-native", "qemu-argv", "--domain", "web")
  const words = execFileSync("sh", ["-c", `printf '%s\\n' ${line}`], { encoding: "utf8" })
  const list = words.trimEnd().split("\n")
  expect(list[0]).toMatch(/qemu-system-x86_64$/)
  expect(list[list.indexOf("-name") + 1]).toContain("guest=web")
  const devices = list.filter((_, at) => list[at - 1] === "-device").map((one) => JSON.parse(one))
  expect(devices).toContainEqual(expect.objectContaining({ driver: "virtio-net-pci", mac }))
  expect(await refuses("domxml-to-native", "xen-xl", "--domain", "web")).toContain("xen-xl")
})

const monitorEvents = `
import libvirt, libvirt_qemu, sys, threading, time
libvirt.virEventRegisterDefaultImpl()
connection = libvirt.open(sys.argv[1])
domain = connection.lookupByName("web")
said = []
def heard(_, dom, event, seconds, micros, details, told):
    said.append((told, dom.name(), event, seconds > 0))
register = libvirt_qemu.qemuMonitorEventRegister
add = lambda event, flags, name: register(connection, domain, event, heard, name, flags)
add(None, 0, "all")
add("stop", 2, "nocase")
add("^(RE|NOT).*E$", 1, "regex")
add("RESUME", 0, "exact")
def work():
    domain.suspend()
    domain.resume()
thread = threading.Thread(target=work)
thread.start()
end = time.time() + 30
while (thread.is_alive() or len(said) < 5) and time.time() < end: libvirt.virEventRunDefaultImpl()
for one in sorted(said): print(*one)
try:
    register(connection, None, "(a+)+$", heard, None, 1)
    print("taken")
except libvirt.libvirtError as error:
    print(error.get_error_code())
`

test("QEMU's own events come to those who asked for them", async () => {
  const said = (await python(await started(), monitorEvents)).trim().split("\n")
  expect(said).toEqual([
    "all web RESUME True",
    "all web STOP True",
    "exact web RESUME True",
    "nocase web STOP True",
    "regex web RESUME True",
    "8"
  ])
})

test("the cable of a card is pulled and put back; nothing else of it changes", async () => {
  const { does, refuses, directory } = await started()
  const link = async () => (await does("domif-getlink", "web", mac)).trim().split(" ").at(-1)
  await does("domif-setlink", "web", mac, "down")
  expect(await link()).toBe("down")
  expect(await does("domif-getlink", "web", mac, "--config")).toContain("up")
  await does("domif-setlink", "web", mac, "up")
  expect(await link()).toBe("up")
  await does("domif-setlink", "web", mac, "down", "--config")
  expect(await does("dumpxml", "web", "--inactive")).toContain("<link state='down'/>")

  const card = join(directory, "card.xml")
  const changed = (xml: string) => {
    writeFileSync(card, xml)
    return refuses("update-device", "web", card)
  }
  const other = `<interface type='user'><mac address='${mac}'/><model type='e1000'/></interface>`
  expect(await changed(other)).toContain("nothing but its link can be changed")
  expect(await changed(other.replace(mac, "52:54:00:11:22:99"))).toContain("there is no interface")
  expect(await changed("<memballoon model='none'/>")).toContain("<memballoon> cannot be changed")
  expect(await changed(`${other}</devices><devices>`)).toContain("XML error")
})
