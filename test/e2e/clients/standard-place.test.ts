/**
 * Goal: at libvirt's own place the daemon is found by whoever names no socket, and the program of
 * the guide runs as it stands.
 * Method: a mount namespace with a /run/libvirt of its own (needs root), so that a libvirtd of the
 * host is not in the way; the clients enter it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { scratch } from "../daemon/stage.ts"
import { client, endGuestsOf, needs, runs, writeDefinition } from "./stage.ts"

const checkout = join(import.meta.dirname, "../../..")

const place = "/run/libvirt"

const inNamespace = `mkdir -p ${place} && mount -t tmpfs none ${place} && exec "$@"`

const isRoot = process.getuid?.() === 0

/** A daemon at libvirt's place, and how a program is run where it sees that place. */
const setUp = async () => {
  needs({
    "/usr/bin/virsh": "libvirt-clients",
    "/usr/lib/python3/dist-packages/libvirt.py": "python3-libvirt"
  })
  const directory = scratch()
  endGuestsOf(directory)
  const words = ["daemon", "--root", join(directory, "r"), "--socket-dir", place]
  const command = ["sh", "-c", inNamespace, "sh", join(checkout, "troupe"), ...words]
  const daemon = client("/usr/bin/unshare", ["--mount", ...command])
  await daemon.says(`ready ${place}/libvirt-sock ${place}/libvirt-sock-ro\n`)
  const enter = ["--mount", "--target", String(daemon.child.pid)]
  const within = [...enter, `--wd=${directory}`]
  const inside = (...command: readonly string[]) =>
    runs("/usr/bin/nsenter", [...within, ...command])
  return { directory, inside }
}

test.runIf(isRoot)("virsh and Python find it as qemu:///system", async () => {
  const { inside } = await setUp()
  expect(await inside("virsh", "--connect", "qemu:///system", "uri")).toBe("qemu:///system\n\n")
  expect(await inside("virsh", "--quiet", "version")).toContain("Running hypervisor: QEMU")
  expect(await inside("virsh", "--readonly", "--quiet", "list", "--all")).toBe("")
  const modes = await inside(
    "stat",
    "-c",
    "%a",
    `${place}/libvirt-sock`,
    `${place}/libvirt-sock-ro`
  )
  expect(modes).toBe("700\n777\n")
  const script = "import libvirt; print(libvirt.open(None).getURI())"
  expect(await inside("/usr/bin/python3", "-c", script)).toBe("qemu:///system\n")
})

test.runIf(isRoot)("the program of the guide runs and says what it says", async () => {
  const { directory, inside } = await setUp()
  const page = readFileSync(join(checkout, "docs/guide/libvirt-clients.md"), "utf8")
  const [, program = "", says = ""] =
    /```python\n([\s\S]*?)```\n\n```text\n([\s\S]*?)```/.exec(page) ?? []
  writeFileSync(join(directory, "program.py"), program)
  writeDefinition(directory, "web")
  expect(await inside("/usr/bin/python3", "program.py")).toBe(says)
})
