/**
 * Goal: virt-manager connects, lists the domains, opens a running guest's window, follows what
 * happens, and does what its user says; without one error in its own log.
 * Method: Debian's virt-manager with a D-Bus and a screen (Xvfb) of its own; its debug log, its
 * windows by xdotool, and virsh say what it did; a real daemon and real QEMU.
 */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { virsh } from "../daemon/stage.ts"
import { client, needs, runs, stage, until } from "./stage.ts"

const packages = {
  "/usr/bin/virt-manager": "virt-manager",
  "/usr/bin/Xvfb": "xvfb",
  "/usr/bin/xdotool": "xdotool",
  "/usr/bin/dbus-run-session": "dbus-daemon"
}

/** A screen of its own: the name by which programs find it. */
const screen = async (): Promise<string> => {
  const words = ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
  const server = client("/usr/bin/Xvfb", words)
  await until("the screen's number", () => server.out().includes("\n"))
  return `:${server.out().trim()}`
}

const setUp = async () => {
  needs(packages)
  const on = await stage()
  const does = async (...words: readonly string[]) => {
    const { code, out, error } = await virsh(on.uri, ...words)
    expect({ words, code, error }).toEqual({ words, code: 0, error: "" })
    return out
  }
  await does("define", on.definition("web", { hasConsole: true }))
  await does("define", on.definition("idle"))
  await does("start", "web")
  // Where there is no pool of this name, virt-manager makes one in the host's own folder.
  mkdirSync(join(on.directory, "images"))
  await does("pool-create-as", "default", "dir", "--target", join(on.directory, "images"))
  const home = join(on.directory, "home")
  mkdirSync(home, { mode: 0o700 })
  const env = {
    DISPLAY: await screen(),
    HOME: home,
    XDG_RUNTIME_DIR: home,
    // No desktop's services: settings are forgotten, and nobody reads the screen aloud.
    GSETTINGS_BACKEND: "memory",
    NO_AT_BRIDGE: "1"
  }
  return { ...on, does, env }
}

type Setting = Awaited<ReturnType<typeof setUp>>

const open = ({ uri, env }: Setting, ...words: readonly string[]) => {
  const program = ["virt-manager", "--connect", uri, "--no-fork", "--debug", ...words]
  return client("/usr/bin/dbus-run-session", ["--", ...program], { env })
}

const withoutErrors = (log: string): void => {
  expect(log).not.toMatch(/Traceback|ERROR|CRITICAL/)
}

test("it lists the domains, opens a guest's details and hears what happens", async () => {
  const on = await setUp()
  const manager = open(on, "--show-domain-editor", "web")
  await manager.says("domain=web status=Running added")
  await manager.says("domain=idle status=Shutoff added")
  await manager.says(/conn=\S+ changed to state=Active/)
  await manager.says("Showing VM details: <vmmDomain name=web")
  const search = ["search", "--sync", "--onlyvisible", "--name", "^web on QEMU/KVM$"]
  expect(await runs("/usr/bin/xdotool", search, on)).toMatch(/^\d+\n$/)
  expect(manager.said()).toContain("Using domain events")
  expect(on.connections()).toBe(1)
  await on.does("suspend", "web")
  await manager.says(/lifecycle event: domain=web state=VIR_DOMAIN_EVENT_SUSPENDED/)
  await on.does("define", on.definition("late"))
  await manager.says("domain=late status=Shutoff added")
  await on.does("undefine", "late")
  await manager.says("domain=late removed")
  withoutErrors(manager.said())
  process.kill(-(manager.child.pid ?? 0), "SIGKILL")
  await until("its connection to be gone", () => on.connections() === 0)
})

test("its user pauses and resumes the guest, whose console it shows", async () => {
  const on = await setUp()
  const manager = open(on, "--show-domain-console", "web")
  await manager.says("Showing VM details: <vmmDomain name=web")
  await manager.says(/Opening console stream for dev=.* alias=serial0/)
  const search = ["search", "--sync", "--onlyvisible", "--name", "^web on QEMU/KVM$"]
  const window = (await runs("/usr/bin/xdotool", search, on)).trim()
  const state = async () => (await virsh(on.uri, "domstate", "web")).out
  // The menus, by their keys: Virtual Machine, Pause or Resume.
  const choose = async () => {
    await runs("/usr/bin/xdotool", ["windowfocus", "--sync", window, "key", "alt+m", "p"], on)
  }
  await choose()
  await expect.poll(state, { timeout: 30_000 }).toBe("paused")
  await manager.says("SUSPENDED")
  withoutErrors(manager.said())
})
