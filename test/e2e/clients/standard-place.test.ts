/**
 * Goal: at libvirt's own place the daemon is found by whoever names no socket.
 * Method: a mount namespace with a /run/libvirt of its own (needs root), so that a libvirtd of the
 * host is not in the way; the clients enter it.
 */
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { scratch } from "../daemon/stage.ts"
import { client, needs, runs } from "./stage.ts"

const program = join(import.meta.dirname, "../../../troupe")

const place = "/run/libvirt"

const inNamespace = `mkdir -p ${place} && mount -t tmpfs none ${place} && exec "$@"`

const isRoot = process.getuid?.() === 0

test.runIf(isRoot)("virsh and Python find it as qemu:///system", async () => {
  needs({
    "/usr/bin/virsh": "libvirt-clients",
    "/usr/lib/python3/dist-packages/libvirt.py": "python3-libvirt"
  })
  const root = join(scratch(), "r")
  const words = [program, "daemon", "--root", root, "--socket-dir", place]
  const daemon = client("/usr/bin/unshare", ["--mount", "sh", "-c", inNamespace, "sh", ...words])
  onTestFinished(() => void daemon.child.kill("SIGKILL"))
  await daemon.says(`ready ${place}/libvirt-sock ${place}/libvirt-sock-ro\n`)
  const enter = ["--mount", "--target", String(daemon.child.pid)]
  const inside = (...command: readonly string[]) => runs("/usr/bin/nsenter", [...enter, ...command])
  expect(await inside("virsh", "--connect", "qemu:///system", "uri")).toBe("qemu:///system\n\n")
  expect(await inside("virsh", "--quiet", "version")).toContain("Running hypervisor: QEMU")
  expect(await inside("virsh", "--readonly", "--quiet", "list", "--all")).toBe("")
  const script = "import libvirt; print(libvirt.openReadOnly('qemu:///system').getType())"
  expect(await inside("/usr/bin/python3", "-c", script)).toBe("QEMU\n")
})
