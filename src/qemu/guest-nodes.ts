/**
 * Which disk of a running guest an event is about: QEMU names a node, or the device's place in its
 * object tree. Pure.
 */
import type { Disk } from "../model/device/disk.ts"
import type { Domain } from "../model/domain.ts"
import { nodeNumbers } from "./argv/blockdev.ts"
import { devicePath } from "./guest-ask.ts"
import { disksOf } from "./guest-block.ts"

/** A disk, and how deep in its chain: 0 is its top. */
export interface Found {
  readonly disk: Disk
  readonly depth: number
}

/** `libvirt-3-format`: numbers go down each chain from its top. */
const byNumber = (live: Domain, number: number): Found | undefined => {
  const firsts = [...nodeNumbers(live, { resources: {} })]
  const below = firsts.filter(([, first]) => first <= number)
  const found = below.toSorted(([, a], [, b]) => b - a)[0]
  return found === undefined ? undefined : { disk: found[0], depth: number - found[1] }
}

export interface Named {
  readonly node: string | undefined
  readonly qomPath?: string | undefined
}

export const diskNamed = (live: Domain, { node = "", qomPath = "" }: Named): Found | undefined => {
  const disk = disksOf(live).find(({ alias, target }) => {
    if (node === `libvirt-CoR-${target.dev}`) return true
    return alias !== undefined && `${qomPath}/`.startsWith(`${devicePath(alias)}/`)
  })
  if (disk !== undefined) return { disk, depth: 0 }
  const number = /^libvirt-(\d+)-/.exec(node)?.[1]
  return number === undefined ? undefined : byNumber(live, Number(number))
}

/** `vda`, or `vda[3]` with the number of an image below the top. */
export const targetOf = ({ disk, depth }: Found, node: string): string => {
  const number = /^libvirt-(\d+)-/.exec(node)?.[1]
  return depth === 0 || number === undefined ? disk.target.dev : `${disk.target.dev}[${number}]`
}
