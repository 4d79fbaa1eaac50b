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

/** The values that follow this option. */
const valuesOf = (words: readonly string[], option: string): readonly string[] =>
  words.flatMap((word, at) => (word === option ? (words[at + 1] ?? []) : []))

const devicesIn = (words: readonly string[]): readonly JsonObject[] =>
  valuesOf(words, "-device").flatMap((word) => {
    const value = Result.getOrUndefined(parseJson(word))
    return isObject(value) ? [value] : []
  })

const usbName = ({ hostdevice, hostbus, hostaddr }: JsonObject): string | undefined => {
  const digits = (value: unknown) => String(value).padStart(3, "0")
  if (typeof hostbus === "number") return `${digits(hostbus)}:${digits(hostaddr)}`
  const path = /^\/dev\/bus\/usb\/([0-9]{3})\/([0-9]{3})$/.exec(String(hostdevice))
  return path === null ? undefined : `${path[1]}:${path[2]}`
}

const vncPort = (word: string): number | undefined => {
  const display = /^[^,]*:([0-9]{1,5})(,|$)/.exec(word)?.[1]
  return display === undefined ? undefined : 5900 + Number(display)
}

const spicePort = (word: string): number | undefined => {
  const port = /(?:^|,)port=([0-9]{1,5})(?:,|$)/.exec(word)?.[1]
  return port === undefined ? undefined : Number(port)
}

export const heldBy = (words: readonly string[]): Held => {
  const devices = devicesIn(words)
  const isVfio = ({ driver }: JsonObject) => String(driver).startsWith("vfio-pci")
  return {
    pci: devices.flatMap((device) =>
      isVfio(device) && typeof device["host"] === "string" ? [device["host"]] : []
    ),
    usb: devices.flatMap((device) =>
      device["driver"] === "usb-host" ? (usbName(device) ?? []) : []
    ),
    ports: [
      ...valuesOf(words, "-vnc").flatMap((word) => vncPort(word) ?? []),
      ...valuesOf(words, "-spice").flatMap((word) => spicePort(word) ?? [])
    ]
  }
}
