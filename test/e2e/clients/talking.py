"""Consoles, events of all ids, threads, and connections that end; by libvirt's Python module."""
import os
import socket
import subprocess
import sys
import threading
import time
from xml.etree import ElementTree

import libvirt
import libvirt_qemu
from telling import (DIRECTORY, URI, asked, definition, run_event_loop, tell, wait_until)

EVENTS = sorted(
    (getattr(libvirt, name), name.removeprefix("VIR_DOMAIN_EVENT_ID_"))
    for name in dir(libvirt) if name.startswith("VIR_DOMAIN_EVENT_ID_"))

run_event_loop()
connection = libvirt.open(URI)
asked("keepalive", lambda: connection.setKeepAlive(1, 3))

# All that can be heard, and the monitor's own.
heard = {name: [] for _, name in EVENTS}


def hears(name):
    def hear(_, domain, *rest):
        heard[name].append([domain.name(), *rest[:-1]])
    return hear


callbacks = [connection.domainEventRegisterAny(None, number, hears(name), None)
             for number, name in EVENTS]
tell("event ids", [number for number, _ in EVENTS])
tell("callbacks", callbacks)
monitor = []
qemu_callback = libvirt_qemu.qemuMonitorEventRegister(
    connection, None, None, lambda _, domain, event, *rest: monitor.append(event), None)

talk = connection.defineXML(definition("talk"))
talk.create()


# The console: what the guest says, and what it is told, both ways.
def console():
    stream = connection.newStream(libvirt.VIR_STREAM_NONBLOCK)
    talk.openConsole(None, stream, 0)
    said = bytearray()
    ended = threading.Event()

    def moves(stream, events, _):
        if events & libvirt.VIR_STREAM_EVENT_READABLE:
            part = stream.recv(1024)
            if part == b"":
                ended.set()
            elif part != -2:
                said.extend(part)
        if events & (libvirt.VIR_STREAM_EVENT_ERROR | libvirt.VIR_STREAM_EVENT_HANGUP):
            ended.set()

    stream.eventAddCallback(libvirt.VIR_STREAM_EVENT_READABLE
                            | libvirt.VIR_STREAM_EVENT_ERROR
                            | libvirt.VIR_STREAM_EVENT_HANGUP, moves, None)
    wait_until("the guest to tick", lambda: b"tick" in said)
    before = said.count(b"TROUPE GUEST UP")
    stream.send(b"r")
    wait_until("the guest to boot again", lambda: said.count(b"TROUPE GUEST UP") > before)
    stream.eventRemoveCallback()
    stream.abort()
    return ["tick" in said.decode("latin1"), b"reboot" in said]


asked("console", console)


def console_of_two():
    first, second = connection.newStream(), connection.newStream()
    talk.openConsole(None, first, 0)
    try:
        talk.openConsole(None, second, 0)
    finally:
        first.abort()


asked("a second console", console_of_two)


def console_by_force():
    first, second = connection.newStream(), connection.newStream()
    talk.openConsole(None, first, 0)
    talk.openConsole(None, second, libvirt.VIR_DOMAIN_CONSOLE_FORCE)
    part = second.recv(64)
    second.abort()
    return len(part) > 0


asked("a console by force", console_by_force)

# What happens to it.
talk.suspend()
talk.resume()
talk.setMetadata(libvirt.VIR_DOMAIN_METADATA_TITLE, "Talk", None, None)
talk.setMemory(16 * 1024)
talk.reset()


# Somebody looks at its screen.
def look():
    graphics = ElementTree.fromstring(talk.XMLDesc()).find("devices/graphics")
    with socket.create_connection(("127.0.0.1", int(graphics.get("port")))) as viewer:
        hello = viewer.recv(12)
        wait_until("the viewer to be noticed", lambda: heard["GRAPHICS"] != [])
        return hello.decode("ascii")


asked("screen", look)


# Many threads and one connection.
def threads():
    wrong = []

    def ask(number):
        for _ in range(50):
            if connection.lookupByName("talk").info()[3] != 1:
                wrong.append(number)
            if "<name>talk</name>" not in talk.XMLDesc():
                wrong.append(number)

    every = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in every:
        thread.start()
    for thread in every:
        thread.join()
    return wrong


asked("eight threads", threads)

# A guest that belongs to its client.
BOUND = """
import sys, time, libvirt
connection = libvirt.open(sys.argv[1])
guest = connection.createXML(open(sys.argv[2]).read(), libvirt.VIR_DOMAIN_START_AUTODESTROY)
print(guest.name(), flush=True)
sys.stdin.readline()
"""


def bound(end):
    client = subprocess.Popen([sys.executable, "-c", BOUND, URI, f"{DIRECTORY}/brief.xml"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        client.stdout.readline()
        running = [domain.name() for domain in connection.listAllDomains()]
        end(client)
        wait_until("the guest to be gone", lambda: len(connection.listAllDomains()) == 1)
        return running
    finally:
        client.kill()
        client.wait()


asked("a guest of a client that leaves", lambda: bound(lambda client: client.stdin.close()))
asked("a guest of a client that is killed", lambda: bound(lambda client: client.kill()))

# Pings were due each second, and each was answered.
time.sleep(4)
asked("alive after many intervals", lambda: connection.isAlive())

talk.destroy()
wait_until("the last event", lambda: len([1 for event in heard["LIFECYCLE"] if event[1] == 5]) == 3)
libvirt_qemu.qemuMonitorEventDeregister(connection, qemu_callback)
for callback in callbacks:
    connection.domainEventDeregisterAny(callback)
talk.undefine()
tell("heard", heard)
tell("heard of the monitor", monitor)

# The daemon goes away: this connection hears of it.
closed = []
other = libvirt.open(URI)
other.registerCloseCallback(lambda _, reason, __: closed.append(reason), None)
asked("close callback taken back", lambda: [other.unregisterCloseCallback(),
      other.registerCloseCallback(lambda _, reason, __: closed.append(reason), None)])
tell("ready for the end", os.getpid())
wait_until("the connection to close", lambda: closed != [])
tell("closed because", closed)
asked("alive after that", lambda: other.isAlive())
asked("asked after that", lambda: other.getHostname())
