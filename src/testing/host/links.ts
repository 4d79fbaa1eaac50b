/**
 * The network devices of the simulated host, as far as /sys/class/net tells of them, and the
 * command `ip` that makes and removes tap devices. No packet goes anywhere.
 */
import type { MemoryDisk } from "./disk.ts"
import type { Program, Self } from "./program.ts"
import { put } from "./put.ts"

/** Where iproute2 has it. */
export const ipPath = "/usr/sbin/ip"

const placeOf = (name: string): string => `/sys/class/net/${name}`

export const writeBridge = (disk: MemoryDisk, name: string, mtu = 1500): void => {
  put(disk, `${placeOf(name)}/mtu`, { text: `${mtu}\n` })
  put(disk, `${placeOf(name)}/bridge/bridge_id`, { text: "8000.525400000001\n" })
}

const removeAll = (disk: MemoryDisk, path: string): void => {
  const names = [...disk.directoryAt(path).entries.keys()]
  for (const name of names) {
    const below = `${path}/${name}`
    if (disk.node(below).kind === "directory") removeAll(disk, below)
    else disk.unlink(below)
  }
  disk.removeDirectory(path)
}

/** What the kernel or `ip` says; the words after it in the exit status 1 or 2. */
const refuse = (self: Self, why: string): void => {
  self.write(2, `${why}\n`)
  self.exit(2)
}

/** `mode tap user 0 group 0 vnet_hdr`: words with their values, and words alone. */
const valueOf = (words: readonly string[], word: string): string | undefined => {
  const at = words.indexOf(word)
  return at < 0 ? undefined : words[at + 1]
}

/** linux/if_tun.h: IFF_TAP, IFF_NO_PI, IFF_VNET_HDR and IFF_MULTI_QUEUE, IFF_PERSIST. */
const flagsOf = (words: readonly string[]): number =>
  0x1802 | (words.includes("vnet_hdr") ? 0x4000 : 0) | (words.includes("multi_queue") ? 0x100 : 0)

const addTap = (disk: MemoryDisk, self: Self, words: readonly string[]): void => {
  const name = valueOf(words, "dev") ?? ""
  if (disk.has(placeOf(name))) return refuse(self, "Device or resource busy")
  if (name === "" || name.length > 15) return refuse(self, "Invalid argument")
  put(disk, `${placeOf(name)}/tun_flags`, { text: `0x${flagsOf(words).toString(16)}\n` })
  put(disk, `${placeOf(name)}/owner`, { text: `${valueOf(words, "user") ?? -1}\n` })
  put(disk, `${placeOf(name)}/mtu`, { text: "1500\n" })
  put(disk, `${placeOf(name)}/operstate`, { text: "down\n" })
  self.exit(0)
}

const setLink = (disk: MemoryDisk, self: Self, words: readonly string[]): void => {
  const name = valueOf(words, "dev") ?? ""
  if (!disk.has(placeOf(name))) return refuse(self, `Cannot find device "${name}"`)
  const master = valueOf(words, "master")
  if (master !== undefined && !disk.has(`${placeOf(master)}/bridge`))
    return refuse(self, `Device "${master}" is no bridge`)
  for (const [word, file] of [
    ["mtu", "mtu"],
    ["address", "address"],
    ["master", "master_name"]
  ] as const) {
    const value = valueOf(words, word)
    if (value !== undefined) put(disk, `${placeOf(name)}/${file}`, { text: `${value}\n` })
  }
  if (words.includes("up")) put(disk, `${placeOf(name)}/operstate`, { text: "up\n" })
  self.exit(0)
}

const deleteLink = (disk: MemoryDisk, self: Self, words: readonly string[]): void => {
  const name = valueOf(words, "dev") ?? ""
  if (!disk.has(placeOf(name))) return refuse(self, `Cannot find device "${name}"`)
  removeAll(disk, placeOf(name))
  self.exit(0)
}

/** `ip tuntap add`, `ip link set` and `ip link delete`; all else is refused. */
export const ipProgram = (disk: MemoryDisk): Program => ({
  start: (self) => {
    const [, object, deed, ...words] = self.argv
    const what = `${object} ${deed}`
    if (what === "tuntap add") return addTap(disk, self, words)
    if (what === "link set") return setLink(disk, self, words)
    if (what === "link delete") return deleteLink(disk, self, words)
    return refuse(self, `the simulated ip does not know '${what}'`)
  }
})
