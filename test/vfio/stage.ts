/**
 * What the proof stands on: the outer guest with a Troupe daemon in it, Troupe's command line and
 * virsh on this host, which reach that daemon through a relay, and the questions to the kernel
 * inside. Whatever is started ends with `close`.
 */
import { execFile, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer, type Server, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { cacheFolder } from "../e2e/debian.ts"
import { buildImage, type Image } from "./image.ts"
import { inside } from "./inside.ts"
import { Outer } from "./outer.ts"
import { programOf } from "./parts.ts"

const runHere = promisify(execFile)

/** How a command of this host ended. */
export interface Played {
  readonly code: number
  readonly out: string
  readonly error: string
}

const play = async (program: string, args: readonly string[]): Promise<Played> => {
  try {
    const env = { ...process.env, LC_ALL: "C", NO_COLOR: "1" }
    const { stdout, stderr } = await runHere(program, [...args], { env, timeout: 90_000 })
    return { code: 0, out: stdout.trim(), error: stderr.trim() }
  } catch (failure) {
    const { code, stdout, stderr } = failure as { code?: number; stdout: string; stderr: string }
    return { code: Number(code ?? -1), out: String(stdout).trim(), error: String(stderr).trim() }
  }
}

/** Debian's virsh; installed by apt where it is missing and we may. */
const installVirsh = (): void => {
  const install = "apt-get install libvirt-clients"
  try {
    programOf("virsh", install)
  } catch {
    spawnSync("sh", ["-c", `${install} -qq -y`], { stdio: "ignore", timeout: 300_000 })
    programOf("virsh", install)
  }
}

/** A socket of this host whose every connection goes on to the port. */
const relay = (path: string, port: number) =>
  new Promise<{ readonly server: Server; readonly sockets: Set<Socket> }>((resolve, reject) => {
    const sockets = new Set<Socket>()
    const server = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
      for (const [from, to] of [
        [near, far],
        [far, near]
      ] as const) {
        sockets.add(from)
        from.on("error", () => to.destroy())
        from.on("close", () => sockets.delete(from))
        from.pipe(to)
      }
    })
    server.once("error", reject)
    server.listen(path, () => resolve({ server, sockets }))
  })

/** Writes a line of what was seen: the run's own account. */
export const see = (what: string, seen: string): void => {
  process.stdout.write(`    saw ${what}: ${seen.replaceAll("\n", "\n      ")}\n`)
}

export class Stage {
  readonly outer: Outer
  private readonly image: Image
  private readonly uri: string
  private readonly folder: string
  private readonly end: () => Promise<void>

  private constructor(parts: {
    readonly outer: Outer
    readonly image: Image
    readonly uri: string
    readonly folder: string
    readonly end: () => Promise<void>
  }) {
    this.outer = parts.outer
    this.image = parts.image
    this.uri = parts.uri
    this.folder = parts.folder
    this.end = parts.end
  }

  /** Builds, boots, and opens the way in; no daemon yet. */
  static async open(): Promise<Stage> {
    mkdirSync(cacheFolder, { recursive: true })
    const folder = mkdtempSync(join(cacheFolder, "vfio-"))
    // Apart, because a socket's path is short.
    const sockets = mkdtempSync(join(tmpdir(), "vfio-"))
    const rmFolders = () => {
      for (const path of [folder, sockets]) rmSync(path, { recursive: true, force: true })
    }
    try {
      installVirsh()
      const image = await buildImage(folder)
      const outer = await Outer.boot(image, folder)
      const path = join(sockets, "s")
      const { server, sockets: open } = await relay(path, outer.daemonPort)
      const end = async () => {
        await outer.kill()
        server.close()
        for (const socket of open) socket.destroy()
        rmFolders()
      }
      return new Stage({ outer, image, uri: `qemu+unix:///system?socket=${path}`, folder, end })
    } catch (error) {
      rmFolders()
      throw error
    }
  }

  close(): Promise<void> {
    return this.end()
  }

  /** Troupe's command line on this host, asking the daemon inside. */
  troupe(...words: readonly string[]): Promise<Played> {
    return play(process.execPath, [this.image.program, "-c", this.uri, ...words])
  }

  /** The same, for commands that have to succeed. */
  async told(...words: readonly string[]): Promise<string> {
    const { code, out, error } = await this.troupe(...words)
    if (code !== 0) throw new Error(`troupe ${words.join(" ")} ended with ${code}: ${error}`)
    return out
  }

  /**
   * Ends a guest. Emulation in emulation may take longer over it than an engine promises to wait:
   * it says so then, and goes on until the guest is dead.
   */
  async destroy(name: string): Promise<void> {
    const { code, error } = await this.troupe("destroy", name)
    if (code === 0) return
    if (!error.includes("is not dead yet")) throw new Error(`destroy ${name}: ${error}`)
    see(`the destroy of ${name}`, error)
    const isOff = async () => (await this.states())[name] === "shutoff"
    await this.outer.until(isOff, `'${name}' is shut off`, 60)
  }

  virsh(...words: readonly string[]): Promise<Played> {
    return play("virsh", ["-c", this.uri, ...words])
  }

  /** A file on this host, for commands that read one. */
  write(name: string, text: string): string {
    const path = join(this.folder, name)
    writeFileSync(path, text)
    return path
  }

  async define(name: string, xml: string): Promise<void> {
    await this.told("define", this.write(`${name}.xml`, xml))
  }

  /** Starts a daemon inside, and returns its pid when it answers. */
  async startDaemon(): Promise<number> {
    const words = `daemon --root ${inside.root} --socket-dir ${inside.sockets}`
    const pid = await this.outer.read(
      `rm -f ${inside.log}; mkdir -p ${inside.sockets}
      setsid node /opt/troupe/troupe.mjs ${words} > ${inside.log} 2>&1 < /dev/null &
      echo $!`
    )
    const isReady = async () => {
      const [log, state] = [await this.daemonLog(), await this.outer.run(`kill -0 ${pid}`)]
      if (state.code !== 0) throw new Error(`the daemon inside has ended: ${log}`)
      return log.includes("ready ")
    }
    await this.outer.until(isReady, "the daemon inside is ready", 90)
    return Number(pid)
  }

  daemonLog(): Promise<string> {
    return this.outer.read(`cat ${inside.log}`)
  }

  /** What tells why a step failed: the daemon's words and the kernel's last ones. */
  async traces(): Promise<string> {
    const script = `cat ${inside.log}; echo "the kernel said:"; dmesg | tail -n 25`
    const said = await this.outer.run(script).catch((error) => ({ text: String(error) }))
    return `the daemon said:\n${said.text}\nthe serial line:\n${this.outer.serial().slice(-2_000)}`
  }

  /** kill -9, and gone: a zombie is dead as well, for it has no descriptors any more. */
  async killInside(...pids: readonly number[]): Promise<void> {
    const list = pids.join(" ")
    await this.outer.read(`kill -9 ${list}`)
    const states = `for p in ${list}; do sed 's/.*) //; s/ .*//' /proc/$p/stat 2>/dev/null; done`
    const areGone = async () => /^[ZX\s]*$/.test(await this.outer.read(`${states}; true`))
    await this.outer.until(areGone, `processes ${list} are gone`, 30)
  }

  /** The driver that has a device; empty for none. */
  async driverOf(path: string): Promise<string> {
    const link = await this.outer.read(`readlink ${path}/driver || true`)
    return link.slice(link.lastIndexOf("/") + 1)
  }

  /** The QEMU of a guest: its pid; 0 where none runs. */
  async guestPid(name: string): Promise<number> {
    // The shell itself complains of a process that is gone meanwhile, hence the braces.
    const script = `for p in /proc/[0-9]*; do
      { tr '\\0' ' ' < $p/cmdline; } 2>/dev/null |
        grep -q '^[^ ]*qemu-system[^ ]* .*guest=${name},' && basename $p
    done; true`
    const found = await this.outer.read(script)
    if (!/^\d*$/.test(found)) throw new Error(`'${name}' has at most one process, not '${found}'`)
    return Number(found)
  }

  /** What the daemon says of a device. */
  async row(device: string): Promise<Row> {
    const rows = JSON.parse(await this.told("hostdev", "list", "-o", "json")) as readonly Row[]
    const row = rows.find((one) => one.device === device)
    if (row === undefined) throw new Error(`the daemon's list has no device ${device}`)
    return row
  }

  /** The states of all guests, by name. */
  async states(): Promise<{ readonly [name: string]: string }> {
    const list = JSON.parse(await this.told("list", "--all", "-o", "json")) as readonly {
      readonly name: string
      readonly state: string
    }[]
    return Object.fromEntries(list.map(({ name, state }) => [name, state]))
  }
}

/** A row of `hostdev list`. */
export interface Row {
  readonly device: string
  readonly state: string
  readonly driver?: string
  readonly holder?: string
  readonly whyNot?: string
}

/** Where sysfs has a PCI device. */
export const pciPath = (device: string): string => `/sys/bus/pci/devices/${device}`
