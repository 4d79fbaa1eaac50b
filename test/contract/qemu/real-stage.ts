/** A real QEMU as a stage: TCG, our boot sector for a guest. */
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { guestImage, guestOrders } from "../../../src/cli/demo/guest.ts"
import { pause, until, withRealQemu } from "./real-qemu.ts"
import type { GuestAct, Scenario, Stage } from "./stage.ts"

/** `mov ax, 0x2000` before the write that powers off; type 1 in place of 0 is S3. */
const powerOffAt = 0x7cae - 0x7c00

/** The boot sector, made to sleep where it would power off. */
const suspendingImage = (): Uint8Array => {
  const image = guestImage()
  if (image[powerOffAt] !== 0xb8 || image[powerOffAt + 2] !== 0x20)
    throw new Error("the boot sector has changed: find the `mov ax` before `out dx, ax` in `off`")
  image[powerOffAt + 2] = 0x24
  return image
}

const orders: { readonly [A in GuestAct]: string } = {
  poweroff: guestOrders.powerOff,
  reset: guestOrders.reboot,
  panic: guestOrders.panic,
  hang: guestOrders.halt,
  // The image decides what it does where it would power off.
  suspend: guestOrders.powerOff,
  // Its disk fails at its first read, all by itself.
  ioerror: ""
}

const board = ["-machine", "pc,accel=tcg", "-m", "32", "-device", "pvpanic"]

const wordsOf = ({ machine, words = [] }: Scenario, image: string): readonly string[] => {
  const file = { driver: "file", filename: image }
  const failing = {
    driver: "blkdebug",
    "inject-error": [{ event: "none", iotype: "read" }],
    image: file
  }
  const disk = { driver: "raw", "node-name": "disk", "read-only": true }
  const node = { ...disk, file: machine === "failing" ? failing : file }
  const device = "virtio-blk-pci,drive=disk,rerror=stop,werror=stop,bootindex=0"
  return machine === "none"
    ? ["-machine", "none,accel=tcg", ...words]
    : [...board, "-blockdev", JSON.stringify(node), "-device", device, ...words]
}

export const onRealStage = async <A>(
  scenario: Scenario,
  use: (stage: Stage) => Promise<A>
): Promise<A> => {
  const directory = fs.mkdtempSync(join(tmpdir(), "tq-"))
  const image = join(directory, "disk.img")
  fs.writeFileSync(image, scenario.machine === "suspending" ? suspendingImage() : guestImage())
  const words = wordsOf(scenario, image)
  try {
    let result: { readonly value: A } | undefined
    await withRealQemu({ words, hasBoard: scenario.machine !== "none" }, async (qemu) => {
      const stage: Stage = {
        argv: ["/usr/bin/qemu-system-x86_64", ...words],
        connect: async () => {
          const client = await qemu.connect()
          return {
            lines: client.lines,
            hasEnded: () => client.hasEnded,
            write: (text) => client.write(text),
            close: () => client.close()
          }
        },
        act: (act) => qemu.serial.send(orders[act]),
        ups: () => qemu.serial.said().split("TROUPE GUEST UP").length - 1,
        signal: (name) => void qemu.child.kill(name),
        exit: qemu.exit,
        until,
        pause
      }
      result = { value: await use(stage) }
    })
    if (result === undefined) throw new Error("the scenario was not played")
    return result.value
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}
