/**
 * What a QEMU that runs holds of the host, read from its own words: for one that an engine left
 * behind without a record. Words that are not ours to understand hold nothing.
 */
import * as Result from "effect/Result"
import { isObject, type JsonObject, parseJson } from "../qmp/json.ts"

export interface Held {
  /** `0000:03:00.0`. */
  readonly pci: readonly string[]
  /** `001:002`, bus and device. */
  readonly usb: readonly string[]
  /** `0:0:1:0` */
  readonly scsi?: readonly string[]
  readonly mdev?: readonly string[]
  readonly ports: readonly number[]
}

/** As the words have it: some devices are named by their files in /dev alone. */
export interface Said extends Held {
  /** `/dev/sg4` */
  readonly nodes: readonly string[]
}

/** `/dev/bus/usb/001/004` as `001:004`. */
export const usbOfNode = (path: string): string | undefined => {
  const place = /^\/dev\/bus\/usb\/([0-9]{3})\/([0-9]{3})$/.exec(path)
  return place === null ? undefined : `${place[1]}:${place[2]}`
}

/** The values that follow this option. */
const valuesOf = (words: readonly string[], option: string): readonly string[] =>
  words.flatMap((word, at) => (word === option ? (words[at + 1] ?? []) : []))

const objectsIn = (words: readonly string[], option: string): readonly JsonObject[] =>
  valuesOf(words, option).flatMap((word) => {
    const value = Result.getOrUndefined(parseJson(word))
    return isObject(value) ? [value] : []
  })

const usbName = ({ hostdevice, hostbus, hostaddr }: JsonObject): string | undefined => {
  const digits = (value: unknown) => String(value).padStart(3, "0")
  if (typeof hostbus === "number") return `${digits(hostbus)}:${digits(hostaddr)}`
  return usbOfNode(String(hostdevice))
}

const mediated = ({ sysfsdev }: JsonObject): string | undefined =>
  /^\/sys\/bus\/mdev\/devices\/([0-9a-f-]{36})$/.exec(String(sysfsdev))?.[1]

const vncPort = (word: string): number | undefined => {
  const display = /^[^,]*:([0-9]{1,5})(,|$)/.exec(word)?.[1]
  return display === undefined ? undefined : 5900 + Number(display)
}

const spicePort = (word: string): number | undefined => {
  const port = /(?:^|,)port=([0-9]{1,5})(?:,|$)/.exec(word)?.[1]
  return port === undefined ? undefined : Number(port)
}

export const heldBy = (words: readonly string[]): Said => {
  const devices = objectsIn(words, "-device")
  const vfio = devices.filter(({ driver }) => String(driver).startsWith("vfio-pci"))
  return {
    pci: vfio.flatMap(({ host }) => (typeof host === "string" ? [host] : [])),
    usb: devices.flatMap((device) =>
      device["driver"] === "usb-host" ? (usbName(device) ?? []) : []
    ),
    mdev: vfio.flatMap((device) => mediated(device) ?? []),
    nodes: objectsIn(words, "-blockdev").flatMap(({ driver, filename }) =>
      driver === "host_device" && /^\/dev\/sg[0-9]+$/.test(String(filename))
        ? [String(filename)]
        : []
    ),
    ports: [
      ...valuesOf(words, "-vnc").flatMap((word) => vncPort(word) ?? []),
      ...valuesOf(words, "-spice").flatMap((word) => spicePort(word) ?? [])
    ]
  }
}
