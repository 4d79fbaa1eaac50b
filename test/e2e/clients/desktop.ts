/**
 * What programs with windows stand on: a screen (Xvfb) and a home of the test's own, and a D-Bus
 * for each of them. All of it ends with the test.
 */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { type Client, client, needs, runs, until } from "./stage.ts"

/** A screen of its own: the name by which programs find it. */
const screen = async (): Promise<string> => {
  const words = ["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
  const server = client("/usr/bin/Xvfb", words)
  await until("the screen's number", () => server.out().includes("\n"))
  return `:${server.out().trim()}`
}

export interface Desktop {
  /** Starts a program with a D-Bus of its own. */
  readonly open: (program: string, ...words: readonly string[]) => Client
  /** Waits for the window with this title; its number. */
  readonly window: (title: string) => Promise<string>
  /** Keys that the user presses in the window. */
  readonly press: (window: string, ...keys: readonly string[]) => Promise<void>
}

export const desktop = async (directory: string): Promise<Desktop> => {
  needs({
    "/usr/bin/Xvfb": "xvfb",
    "/usr/bin/xdotool": "xdotool",
    "/usr/bin/dbus-run-session": "dbus-daemon"
  })
  const home = join(directory, "home")
  mkdirSync(home, { mode: 0o700 })
  const env = {
    DISPLAY: await screen(),
    HOME: home,
    XDG_RUNTIME_DIR: home,
    // No desktop's services: settings are forgotten, and nobody reads the screen aloud.
    GSETTINGS_BACKEND: "memory",
    NO_AT_BRIDGE: "1"
  }
  const does = (...words: readonly string[]) => runs("/usr/bin/xdotool", words, { env })
  return {
    open: (program, ...words) =>
      client("/usr/bin/dbus-run-session", ["--", program, ...words], { env }),
    window: async (title) =>
      (await does("search", "--sync", "--onlyvisible", "--name", `^${title}$`)).trim(),
    press: async (window, ...keys) => {
      await does("windowfocus", "--sync", window, "key", ...keys)
    }
  }
}
