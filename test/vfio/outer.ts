/**
 * Owns the outer guest: a QEMU without KVM whose board has an IOMMU, two network cards behind root
 * ports and two USB devices. Starts it, runs shell scripts inside, says what its serial line said,
 * and kills it by its pid.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { Image } from "./image.ts"
import { ports, stickLine, upLine } from "./inside.ts"
import { programOf } from "./parts.ts"

/** What there is to give away: as the outer guest's kernel names and numbers it. */
export const hardware = {
  cards: [
    { device: "0000:01:00.0", name: "pci_0000_01_00_0", mac: "52:54:00:aa:00:01" },
    { device: "0000:02:00.0", name: "pci_0000_02_00_0", mac: "52:54:00:aa:00:02" }
  ],
  /** Intel 82574L, which e1000e drives. */
  card: { vendor: 0x8086, product: 0x10d3, driver: "e1000e" },
  storage: { vendor: "46f4", product: "0001", serial: "TROUPE1", driver: "usb-storage" },
  serial: { vendor: "0403", product: "6001", driver: "ftdi_sio" }
} as const

const [first, second] = hardware.cards

/** On a busy host the kernel counts too few timer interrupts, and panics: it shall not count. */
const kernelWords =
  "console=ttyS0 quiet panic=-1 no_timer_check intel_iommu=on mitigations=off random.trust_cpu=on"

/** The stick as QEMU is told of it, at its start and when it is plugged in again. */
const stick = {
  driver: "usb-storage",
  id: "stick",
  drive: "stick",
  bus: "usb.0",
  serial: hardware.storage.serial
}

const argsOf = (image: Image, folder: string, forwards: string): readonly string[] =>
  [
    ["-accel", "tcg"],
    ["-machine", "q35"],
    ["-cpu", "max"],
    ["-smp", "2"],
    ["-m", "2048"],
    ["-nodefaults", "-no-user-config", "-no-reboot"],
    ["-display", "none"],
    ["-qmp", "stdio"],
    ["-serial", `file:${join(folder, "serial.log")}`],
    ["-kernel", image.kernel],
    ["-initrd", image.initrd],
    ["-append", kernelWords],
    // VFIO wants interrupts remapped, and mappings told to the emulated IOMMU.
    ["-device", "intel-iommu,intremap=on,caching-mode=on"],
    ["-drive", `file=${image.disk},if=none,id=disk,format=raw,readonly=on`],
    ["-device", "virtio-blk-pci,drive=disk"],
    ["-netdev", `user,id=net,restrict=on,${forwards}`],
    ["-device", "virtio-net-pci,netdev=net"],
    ["-device", "pcie-root-port,id=root1,chassis=1,slot=1,addr=5.0"],
    ["-device", "pcie-root-port,id=root2,chassis=2,slot=2,addr=6.0"],
    // The two cards are on one wire, and on nothing else.
    ["-netdev", "hubport,id=hub1,hubid=0"],
    ["-netdev", "hubport,id=hub2,hubid=0"],
    ["-device", `e1000e,bus=root1,netdev=hub1,mac=${first.mac}`],
    ["-device", `e1000e,bus=root2,netdev=hub2,mac=${second.mac}`],
    ["-device", "qemu-xhci,id=usb,addr=7.0"],
    ["-blockdev", `driver=file,node-name=stick,filename=${join(folder, "stick")}`],
    ["-device", JSON.stringify(stick)],
    ["-chardev", "null,id=line"],
    ["-device", "usb-serial,chardev=line,bus=usb.0,always-plugged=on"]
  ].flat()

/** A port that nobody has; somebody could take it before QEMU does, and QEMU then says so. */
const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer()
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0))
    })
  })

/** What a script inside said, both its outputs together, and the code that it ended with. */
export interface Said {
  readonly code: number
  readonly text: string
}

const endMark = "@@end "

/** Sends the script and reads to the end, which is a mark: a half answer is an error. */
const runAt = (port: number, script: string, timeoutMs: number) =>
  new Promise<Said>((resolve, reject) => {
    const socket = connect(port, "127.0.0.1")
    let text = ""
    const give = (error?: Error) => {
      clearTimeout(timer)
      socket.destroy()
      const end = text.lastIndexOf(endMark)
      if (end < 0) {
        const why = error?.message ?? "the connection ended"
        return reject(new Error(`no answer from inside (${why}) to:\n${script}\n${text}`))
      }
      return resolve({ code: Number(text.slice(end + endMark.length)), text: text.slice(0, end) })
    }
    const timer = setTimeout(() => give(new Error(`${timeoutMs} ms have passed`)), timeoutMs)
    socket.setEncoding("utf8")
    socket.on("data", (chunk) => (text += chunk))
    socket.on("error", give)
    socket.on("close", () => give())
    socket.end(`exec 2>&1\n(\n${script}\n)\necho "${endMark}$?"\n`)
  })

export class Outer {
  private readonly child: ChildProcessWithoutNullStreams
  private readonly folder: string
  private readonly shellPort: number
  /** The way to the daemon's socket, on this host. */
  readonly daemonPort: number
  private complaints = ""
  private answers = ""

  private constructor(image: Image, folder: string, [shell, daemon]: readonly [number, number]) {
    this.folder = folder
    this.shellPort = shell
    this.daemonPort = daemon
    const forwards = [
      `hostfwd=tcp:127.0.0.1:${shell}-:${ports.shell}`,
      `hostfwd=tcp:127.0.0.1:${daemon}-:${ports.daemon}`
    ].join(",")
    const qemu = programOf("qemu-system-x86_64", "apt-get install qemu-system-x86")
    writeFileSync(join(folder, "stick"), `${stickLine}\n`)
    truncateSync(join(folder, "stick"), 8 * 1024 * 1024)
    this.child = spawn(qemu, argsOf(image, folder, forwards))
    this.child.stderr.on("data", (chunk) => (this.complaints += String(chunk)))
    this.child.stdout.on("data", (chunk) => (this.answers += String(chunk)))
    this.child.stdin.on("error", () => undefined)
    this.child.stdin.write('{"execute":"qmp_capabilities"}\n')
  }

  /** Boots it, and returns when the shell inside answers. */
  static async boot(image: Image, folder: string): Promise<Outer> {
    const outer = new Outer(image, folder, [await freePort(), await freePort()])
    try {
      await outer.until(async () => outer.serial().includes(upLine), "the outer guest is up", 240)
      const answers = () =>
        outer.run("true", 10).then(
          () => true,
          () => false
        )
      await outer.until(answers, "the shell in the outer guest answers", 60)
      return outer
    } catch (error) {
      await outer.kill()
      throw error
    }
  }

  /** All that its kernel and its first process have said. */
  serial(): string {
    const path = join(this.folder, "serial.log")
    return existsSync(path) ? readFileSync(path, "utf8") : ""
  }

  private hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Runs a script in busybox's shell inside. */
  run(script: string, timeoutSeconds = 120): Promise<Said> {
    return runAt(this.shellPort, script, timeoutSeconds * 1_000)
  }

  /** The same, for scripts that have to succeed. */
  async read(script: string, timeoutSeconds?: number): Promise<string> {
    const { code, text } = await this.run(script, timeoutSeconds)
    if (code !== 0) throw new Error(`inside, this ended with ${code}:\n${script}\n${text}`)
    return text.trim()
  }

  /** Says a command to the outer QEMU's monitor, and waits for its answer. */
  private async monitor(execute: string, args: object): Promise<void> {
    const before = this.answers.length
    this.child.stdin.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    const answer = () => /^\{"(return|error)".*$/m.exec(this.answers.slice(before))
    await this.until(async () => answer() !== null, `the outer QEMU answers ${execute}`, 30)
    if (answer()?.[1] === "error") throw new Error(`${execute}: ${answer()?.[0]}`)
  }

  /** Pulls the USB stick out of the outer guest. */
  pullStick(): Promise<void> {
    return this.monitor("device_del", { id: stick.id })
  }

  plugStick(): Promise<void> {
    return this.monitor("device_add", stick)
  }

  /** Looks again and again; fails with the serial line's last words. */
  async until(isSo: () => Promise<boolean>, what: string, timeoutSeconds: number): Promise<void> {
    const deadline = performance.now() + timeoutSeconds * 1_000
    while (!(await isSo())) {
      const last = `${this.complaints}\n${this.serial().slice(-4_000)}`
      if (this.hasEnded()) throw new Error(`the outer QEMU has ended; ${what} in vain\n${last}`)
      if (performance.now() > deadline)
        throw new Error(`waited ${timeoutSeconds} s in vain: ${what}\n${last}`)
      await sleep(200)
    }
  }

  /** Ends it at once, and waits until it is gone. Idempotent. */
  async kill(): Promise<void> {
    if (this.hasEnded()) return
    const gone = new Promise((resolve) => this.child.once("exit", resolve))
    this.child.kill("SIGKILL")
    await gone
  }
}
