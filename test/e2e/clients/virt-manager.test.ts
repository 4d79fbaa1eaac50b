/**
 * Goal: virt-manager connects, lists the domains, opens a running guest's window, follows what
 * happens, and does what its user says, without one error in its own log; virt-viewer shows what
 * the guest shows.
 * Method: Debian's programs with a D-Bus and a screen (Xvfb) of their own; their debug logs, their
 * windows, the user's keys by xdotool, and virsh say what they did; a real daemon and real QEMU.
 */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { virsh } from "../daemon/stage.ts"
import { desktop } from "./desktop.ts"
import { needs, stage, until } from "./stage.ts"

const setUp = async () => {
  needs({ "/usr/bin/virt-manager": "virt-manager", "/usr/bin/virt-viewer": "virt-viewer" })
  const on = await stage()
  const does = async (...words: readonly string[]) => {
    const { code, out, error } = await virsh(on.uri, ...words)
    expect({ words, code, error }).toEqual({ words, code: 0, error: "" })
    return out
  }
  // Where there is no pool of this name, virt-manager makes one in the host's own folder.
  mkdirSync(join(on.directory, "images"))
  await does("pool-create-as", "default", "dir", "--target", join(on.directory, "images"))
  const { open, window, press } = await desktop(on.directory)
  const manager = (...words: readonly string[]) =>
    open("virt-manager", "--connect", on.uri, "--no-fork", "--debug", ...words)
  const viewer = (name: string) => open("virt-viewer", "--connect", on.uri, "--debug", name)
  return { ...on, does, manager, viewer, window, press }
}

const withoutErrors = (log: string): void => {
  expect(log).not.toMatch(/Traceback|ERROR|CRITICAL/)
}

test("it lists the domains, opens a guest's details and hears what happens", async () => {
  const { does, definition, manager, window, connections } = await setUp()
  await does("define", definition("web", { hasConsole: true }))
  await does("define", definition("idle"))
  await does("start", "web")
  const { says, said, child } = manager("--show-domain-editor", "web")
  await says("domain=web status=Running added")
  await says("domain=idle status=Shutoff added")
  await says(/conn=\S+ changed to state=Active/)
  await says("Showing VM details: <vmmDomain name=web")
  expect(await window("web on QEMU/KVM")).toMatch(/^\d+$/)
  expect(said()).toContain("Using domain events")
  expect(connections()).toBe(1)
  await does("suspend", "web")
  await says(/lifecycle event: domain=web state=VIR_DOMAIN_EVENT_SUSPENDED/)
  await does("define", definition("late"))
  await says("domain=late status=Shutoff added")
  await does("undefine", "late")
  await says("domain=late removed")
  withoutErrors(said())
  process.kill(-(child.pid ?? 0), "SIGKILL")
  await until("its connection to be gone", () => connections() === 0)
})

test("its user reads the guest's console, and pauses the guest by the menu", async () => {
  const { does, definition, manager, window, press, uri } = await setUp()
  await does("define", definition("web", { hasConsole: true }))
  await does("start", "web")
  const { says, said } = manager("--show-domain-console", "web")
  await says(/Opening console stream for dev=.* alias=serial0/)
  // The menus by their keys: Virtual Machine, Pause.
  await press(await window("web on QEMU/KVM"), "alt+m", "p")
  const state = async () => (await virsh(uri, "domstate", "web")).out
  await expect.poll(state, { timeout: 30_000 }).toBe("paused")
  await says("VIR_DOMAIN_EVENT_SUSPENDED")
  withoutErrors(said())
})

test("virt-viewer shows the guest's screen, and is told when the guest ends", async () => {
  const { does, definition, viewer, window } = await setUp()
  // A display on loopback only would be asked for as an open file, which Troupe does not hand out.
  const display = "<graphics type='vnc' autoport='yes' listen='0.0.0.0'/>"
  await does(
    "define",
    definition("web", { devices: `${display}<video><model type='vga'/></video>` })
  )
  await does("start", "web")
  const { says, said } = viewer("web")
  await says("Guest web has a vnc display")
  // The size of a screen of text: what the firmware writes on.
  await says("desktop resize 720x400")
  expect(await window("web \\(1\\).*")).toMatch(/^\d+$/)
  await does("destroy", "web")
  await says(/Disconnected|disconnected/)
  withoutErrors(said())
})
