"""What the scripts beside it share: their words, and lines of JSON for the test that judges."""
import json
import sys
import threading
import time

import libvirt

libvirt.registerErrorHandler(lambda *_: None, None)

URI, READ_ONLY_URI, DIRECTORY = sys.argv[1:4]

_line = threading.Lock()


def tell(what, value):
    """One line: what was asked, and what came of it."""
    with _line:
        print(json.dumps({"what": what, "value": value}, default=str), flush=True)


def asked(what, work):
    """Tells what the call returns, or the number and the words of libvirt's error."""
    try:
        value = work()
    except libvirt.libvirtError as error:
        value = {"error": error.get_error_code(), "why": error.get_error_message()}
    tell(what, value)
    return value


def definition(name):
    with open(f"{DIRECTORY}/{name}.xml", encoding="utf8") as file:
        return file.read()


def wait_until(what, holds, seconds=30):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def run_event_loop():
    """libvirt's own loop in a thread of its own; before the first connection."""
    libvirt.virEventRegisterDefaultImpl()

    def run():
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=run, daemon=True).start()
