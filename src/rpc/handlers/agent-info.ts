/** What the agent tells of its guest as libvirt's typed parameters: `fs.0.mountpoint`. Pure. */
import type {
  DomainInterface,
  GuestBlockDevice,
  GuestDisk,
  GuestFilesystem,
  GuestInfo,
  GuestOs,
  GuestTimezone,
  GuestUser
} from "../../model/guest-info.ts"
import {
  boolean,
  int,
  text,
  type TypedParameter,
  unsigned,
  unsignedLong
} from "../../qemu/stats.ts"

type Params = readonly TypedParameter[]

const maybe = (field: string, value: string | undefined): Params =>
  value === undefined ? [] : [text(field, value)]

/** `user.count`, and then each. */
const counted = <A>(name: string, all: readonly A[], each: (one: A, name: string) => Params) => [
  unsigned(`${name}.count`, all.length),
  ...all.flatMap((one, index) => each(one, `${name}.${index}`))
]

const user = ({ user: name, domain, loginTimeMs }: GuestUser, at: string): Params => [
  text(`${at}.name`, name),
  ...maybe(`${at}.domain`, domain),
  unsignedLong(`${at}.login-time`, loginTimeMs)
]

const osFields: { readonly [field: string]: keyof GuestOs } = {
  "os.id": "id",
  "os.name": "name",
  "os.pretty-name": "prettyName",
  "os.version": "version",
  "os.version-id": "versionId",
  "os.machine": "machine",
  "os.variant": "variant",
  "os.variant-id": "variantId",
  "os.kernel-release": "kernelRelease",
  "os.kernel-version": "kernelVersion"
}

const os = (found: GuestOs): Params =>
  Object.entries(osFields).flatMap(([field, key]) => maybe(field, found[key]))

const timezone = ({ name, offsetSeconds }: GuestTimezone): Params => [
  ...maybe("timezone.name", name),
  int("timezone.offset", offsetSeconds)
]

const fsDisk = ({ alias, serial, device }: GuestDisk, at: string): Params => [
  ...maybe(`${at}.alias`, alias),
  ...maybe(`${at}.serial`, serial),
  ...maybe(`${at}.device`, device)
]

const filesystem = (found: GuestFilesystem, at: string): Params => [
  text(`${at}.name`, found.name),
  text(`${at}.mountpoint`, found.mountpoint),
  text(`${at}.fstype`, found.fstype),
  ...(found.totalBytes === undefined ? [] : [unsignedLong(`${at}.total-bytes`, found.totalBytes)]),
  ...(found.usedBytes === undefined ? [] : [unsignedLong(`${at}.used-bytes`, found.usedBytes)]),
  ...counted(`${at}.disk`, found.disks, fsDisk)
]

const dependency = (name: string, at: string): Params => [text(`${at}.name`, name)]

const disk = (found: GuestBlockDevice, at: string): Params => [
  text(`${at}.name`, found.name),
  boolean(`${at}.partition`, found.isPartition),
  ...(found.dependencies.length === 0
    ? []
    : counted(`${at}.dependency`, found.dependencies, dependency)),
  ...maybe(`${at}.serial`, found.address?.serial),
  ...maybe(`${at}.alias`, found.address?.alias),
  ...maybe(`${at}.guest_alias`, found.guestAlias)
]

const card = ({ name, hardwareAddress, addresses }: DomainInterface, at: string): Params => [
  text(`${at}.name`, name),
  ...maybe(`${at}.hwaddr`, hardwareAddress),
  ...counted(`${at}.addr`, addresses, ({ kind, address, prefix }, each) => [
    text(`${each}.type`, kind),
    text(`${each}.addr`, address),
    unsigned(`${each}.prefix`, prefix)
  ])
]

/** In libvirt's order; what the agent could not tell has no fields. */
export const guestInfoParameters = (info: GuestInfo): Params => [
  ...(info.users === undefined ? [] : counted("user", info.users, user)),
  ...(info.os === undefined ? [] : os(info.os)),
  ...(info.timezone === undefined ? [] : timezone(info.timezone)),
  ...maybe("hostname", info.hostname),
  ...(info.filesystem === undefined ? [] : counted("fs", info.filesystem, filesystem)),
  ...(info.disks === undefined ? [] : counted("disk", info.disks, disk)),
  ...(info.interfaces === undefined ? [] : counted("if", info.interfaces, card))
]
