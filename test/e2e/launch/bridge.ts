/**
 * A bridge of a test's own on this host, by iproute2: as root, where the host allows one. Named by
 * the process and a letter, so that test files do not meet.
 */
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"

export const ip = (...words: readonly string[]): string =>
  execFileSync("ip", words, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })

export const links = (): readonly string[] => fs.readdirSync("/sys/class/net")

export class Bridge {
  readonly name: string

  constructor(letter: string) {
    this.name = `trbr${letter}${process.pid % 1_000_000}`
  }

  /** Why there can be none here; undefined when one was made and removed just now. */
  get whyNot(): string | undefined {
    if (process.getuid?.() !== 0) return "only root makes bridges"
    if (!fs.existsSync("/dev/net/tun")) return "the host has no /dev/net/tun"
    try {
      this.make()
      this.remove()
      return undefined
    } catch (error) {
      return `the host makes no bridge: ${String(error)}`
    }
  }

  make(): void {
    ip("link", "add", "name", this.name, "type", "bridge")
  }

  remove(): void {
    ip("link", "delete", "dev", this.name)
  }

  /** The devices on it. */
  get ports(): readonly string[] {
    return fs.readdirSync(`/sys/class/net/${this.name}/brif`)
  }

  /** Runs with the bridge there. */
  async during(run: () => Promise<void>): Promise<void> {
    this.make()
    try {
      ip("link", "set", "dev", this.name, "mtu", "1400", "up")
      await run()
    } finally {
      this.remove()
    }
  }
}
