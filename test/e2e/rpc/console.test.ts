/**
 * Goal: a guest's console and its channels go over the wire, both ways, to the clients that people
 * have; who is forced out hears of it, and a guest's end ends the console.
 * Method: Debian's kernel with a shell of our own on its serial line; virsh on a pseudo terminal,
 * and streams of python3-libvirt.
 */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { linuxGuest, linuxMemoryMiB } from "../linux/linux-guest.ts"
import { python, type Service, startService } from "./service.ts"

const definition = (boot: {
  readonly kernel: string
  readonly initrd: string
  readonly cmdline: string
}): string => `<domain type='qemu'>
  <name>linux</name>
  <memory unit='MiB'>${linuxMemoryMiB}</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>${boot.kernel}</kernel><initrd>${boot.initrd}</initrd>
    <cmdline>${boot.cmdline}</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    <serial type='pty'/>
    <channel type='unix'><target type='virtio' name='org.example.0'/></channel>
  </devices>
</domain>`

const defined = async (): Promise<Service> => {
  const service = await startService()
  const file = join(service.directory, "linux.xml")
  writeFileSync(file, definition(await linuxGuest()))
  await service.does("define", file)
  return service
}

/** virsh on a terminal of its own, and what it says until the words come. */
const onTerminal = `
import os, pty, select, signal, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv("/usr/bin/virsh", ["virsh", "-c", sys.argv[1], "start", "linux", "--console"])
said = b""
def until(words):
    global said
    end = time.time() + 120
    while words not in said:
        if time.time() > end: sys.exit("no %r in %r" % (words, said))
        if select.select([terminal], [], [], 1)[0]:
            try: said += os.read(terminal, 65536)
            except OSError: break
try:
    until(b"TROUPE LINUX UP")
    os.write(terminal, b"off\\r" if sys.argv[2] == "off" else b"\\x1d")
    end = time.time() + 60
    while time.time() < end:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done: print("ended", os.waitstatus_to_exitcode(status)); break
        if select.select([terminal], [], [], 0.1)[0]:
            try: said += os.read(terminal, 65536)
            except OSError: pass
finally:
    try: os.kill(pid, signal.SIGKILL)
    except ProcessLookupError: pass
`

test("virsh shows a console, types into it, and ends with the guest", async () => {
  const service = await defined()
  expect((await python(service, onTerminal, "off")).trim()).toBe("ended 0")
  await expect.poll(() => service.does("domstate", "linux"), { timeout: 30_000 }).toBe("shut off")
}, 180_000)

test("virsh leaves a console, and the guest goes on", async () => {
  const service = await defined()
  expect((await python(service, onTerminal, "leave")).trim()).toBe("ended 0")
  expect(await service.does("domstate", "linux")).toBe("running")
}, 180_000)

const streams = `
import libvirt, sys
libvirt.registerErrorHandler(lambda *_: None, None)
connection = libvirt.open(sys.argv[1])
domain = connection.lookupByName("linux")
domain.create()
def opened(flags=0, name=None):
    stream = connection.newStream()
    domain.openConsole(name, stream, flags)
    return stream
def until(stream, words):
    said = b""
    while words not in said:
        piece = stream.recv(4096)
        if not piece: return said
        said += piece
    return said
first = opened()
until(first, b"TROUPE LINUX UP")
print("up")
try: opened()
except libvirt.libvirtError as error: print("busy", error.get_error_code())
try: opened(0, "serial7")
except libvirt.libvirtError as error: print("absent", error.get_error_code())
second = opened(libvirt.VIR_DOMAIN_CONSOLE_FORCE)
try:
    until(first, b"never said")
    print("ended")
except libvirt.libvirtError as error: print("forced out", error.get_error_code())
second.abort()
third = opened(0, "serial0")
third.send(b"reboot\\n")
print("reboot" if b"reboot" in until(third, b"reboot") else "silent")
until(third, b"TROUPE LINUX UP")
channel = connection.newStream()
domain.openChannel("org.example.0", channel, 0)
channel.finish()
third.send(b"off\\n")
print("end" if b"never" not in until(third, b"never said") else "odd")
third.finish()
`

test("streams are shared by nobody, taken by force, and end with the guest", async () => {
  const service = await defined()
  expect((await python(service, streams)).trim().split("\n")).toEqual([
    "up",
    "busy 9",
    "absent 1",
    "forced out 78",
    "reboot",
    "end"
  ])
}, 180_000)
