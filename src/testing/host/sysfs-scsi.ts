/** Writes SCSI hosts with what is behind them, and drives of any kind, into /sys. */
import type { MemoryDisk } from "./disk.ts"
import { link, placeBelow, putAll, putRecord, putUevent, type UdevRecord } from "./sysfs-put.ts"

export interface Drive {
  /** `sda` */
  readonly node: string
  readonly number: { readonly major: number; readonly minor: number }
  /** Of 512 bytes. */
  readonly sectors: number
  readonly logicalBlockSize?: number
  readonly isRemovable?: boolean
  readonly vendor?: string
  readonly model?: string
  readonly udev?: UdevRecord
  /** PCI address of what it hangs on; without one it is a device of no bus, as `loop0`. */
  readonly on?: string
}

export interface ScsiUnit {
  readonly bus: number
  readonly target: number
  readonly lun: number
  /** SCSI's peripheral type: 0 for a disk, 5 for a CD-ROM. */
  readonly type: number
  /** Number of its generic node: 3 for `sg3`. */
  readonly generic?: number
  readonly drive?: Omit<Drive, "on">
}

export interface ScsiHost {
  readonly number: number
  readonly uniqueId?: number
  /** PCI address of the controller. */
  readonly on?: string
  readonly fibreChannel?: {
    readonly wwnn: string
    readonly wwpn: string
    readonly fabric?: string
    readonly vports?: { readonly max: number; readonly inUse: number }
    /** Remote port that its targets are behind. */
    readonly remotePort?: { readonly name: string; readonly wwpn: string }
  }
  readonly units?: readonly ScsiUnit[]
}

const scsiAt = "/sys/bus/scsi/devices"

const writeDriveAt = (disk: MemoryDisk, above: string, drive: Drive): void => {
  const { node, number } = drive
  const at = `${above}/block/${node}`
  putAll(disk, at, {
    size: drive.sectors,
    removable: drive.isRemovable === true ? 1 : 0,
    "queue/logical_block_size": drive.logicalBlockSize ?? 512
  })
  putUevent(disk, at, {
    MAJOR: number.major,
    MINOR: number.minor,
    DEVNAME: node,
    DEVTYPE: "disk"
  })
  if (above !== virtual) {
    putAll(disk, above, { vendor: drive.vendor, model: drive.model })
    link(disk, `${at}/device`, above)
  }
  link(disk, `/sys/block/${node}`, at)
  putRecord(disk, `b${number.major}:${number.minor}`, drive.udev)
}

const virtual = "/sys/devices/virtual"

export const writeDrive = (disk: MemoryDisk, drive: Drive): void =>
  writeDriveAt(disk, placeBelow(disk, drive.on), drive)

const writeGeneric = (disk: MemoryDisk, at: string, number: number): void => {
  const name = `sg${number}`
  putUevent(disk, `${at}/scsi_generic/${name}`, { MAJOR: 21, MINOR: number, DEVNAME: name })
  link(disk, `/sys/class/scsi_generic/${name}`, `${at}/scsi_generic/${name}`)
  link(disk, `${at}/scsi_generic/${name}/device`, at)
  disk.special(`/dev/${name}`, "character")
}

interface Behind {
  readonly host: ScsiHost
  /** The host's directory. */
  readonly at: string
}

const writeUnit = (disk: MemoryDisk, { host, at }: Behind, unit: ScsiUnit): void => {
  const target = `target${host.number}:${unit.bus}:${unit.target}`
  const rport = host.fibreChannel?.remotePort?.name
  const above = rport === undefined ? at : `${at}/${rport}`
  if (!disk.has(`${scsiAt}/${target}`)) {
    putUevent(disk, `${above}/${target}`, { DEVTYPE: "scsi_target" })
    link(disk, `${scsiAt}/${target}`, `${above}/${target}`)
  }
  const name = `${host.number}:${unit.bus}:${unit.target}:${unit.lun}`
  const here = `${above}/${target}/${name}`
  putAll(disk, here, { type: unit.type })
  putUevent(disk, here, { DEVTYPE: "scsi_device", DRIVER: unit.type === 5 ? "sr" : "sd" })
  link(disk, `${scsiAt}/${name}`, here)
  if (unit.generic !== undefined) writeGeneric(disk, here, unit.generic)
  if (unit.drive !== undefined) writeDriveAt(disk, here, unit.drive)
}

const writeFibreChannel = (disk: MemoryDisk, { number, fibreChannel }: ScsiHost): void => {
  if (fibreChannel === undefined) return
  const { wwnn, wwpn, fabric, vports, remotePort } = fibreChannel
  putAll(disk, `/sys/class/fc_host/host${number}`, {
    node_name: `0x${wwnn}`,
    port_name: `0x${wwpn}`,
    fabric_name: fabric === undefined ? undefined : `0x${fabric}`,
    vport_create: vports === undefined ? undefined : "",
    max_npiv_vports: vports?.max,
    npiv_vports_inuse: vports?.inUse
  })
  if (remotePort !== undefined)
    putAll(disk, `/sys/class/fc_remote_ports/${remotePort.name}`, {
      port_name: `0x${remotePort.wwpn}`
    })
}

export const writeScsi = (disk: MemoryDisk, host: ScsiHost): void => {
  const name = `host${host.number}`
  const at = `${placeBelow(disk, host.on)}/${name}`
  putUevent(disk, at, { DEVTYPE: "scsi_host" })
  link(disk, `${scsiAt}/${name}`, at)
  putAll(disk, `/sys/class/scsi_host/${name}`, { unique_id: host.uniqueId ?? host.number })
  writeFibreChannel(disk, host)
  for (const unit of host.units ?? []) writeUnit(disk, { host, at }, unit)
}
