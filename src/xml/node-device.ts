/** A device of the host as libvirt's `<device>`. Writes only. */
import type { KeptElement } from "../model/kept.ts"
import type {
  MdevType,
  NamedId,
  NetCapability,
  NodeCapability,
  NodeDevice,
  PciCapability,
  PciLink,
  PciPlace,
  ScsiHostCapability,
  StorageCapability,
  SystemCapability,
  Vpd,
  VpdField
} from "../model/node-device.ts"
import { type Attributes, element, leaf, maybe } from "./capabilities-element.ts"
import { writeElement } from "./write.ts"

const hex = (value: number, width: number): string => `0x${value.toString(16).padStart(width, "0")}`

const texts = (values: {
  readonly [name: string]: string | number | undefined
}): readonly KeptElement[] =>
  Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [leaf(name, value)]
  )

const capability = (
  type: string,
  children: readonly KeptElement[] = [],
  attributes: Attributes = {}
): KeptElement => element("capability", { type, ...attributes }, children)

const named = (name: string, { id, name: text }: NamedId): KeptElement =>
  text === undefined ? element(name, { id: hex(id, 4) }) : leaf(name, text, { id: hex(id, 4) })

const address = (place: PciPlace): KeptElement =>
  element("address", {
    domain: hex(place.domain, 4),
    bus: hex(place.bus, 2),
    slot: hex(place.slot, 2),
    function: hex(place.function, 1)
  })

const system = (one: SystemCapability): readonly KeptElement[] => [
  ...texts({ product: one.product }),
  element(
    "hardware",
    {},
    texts({ vendor: one.vendor, version: one.version, serial: one.serial, uuid: one.uuid })
  ),
  element(
    "firmware",
    {},
    texts({
      vendor: one.firmware.vendor,
      version: one.firmware.version,
      release_date: one.firmware.releaseDate
    })
  )
]

const mdevType = ({ id, name, deviceApi, availableInstances }: MdevType): KeptElement =>
  element("type", { id }, texts({ name, deviceAPI: deviceApi, availableInstances }))

const indexed = (name: string, fields: readonly VpdField[]): readonly KeptElement[] =>
  fields.map(({ index, value }) => leaf(name, value, { index }))

const vpd = ({ name, readOnly, readWrite }: Vpd): KeptElement =>
  capability("vpd", [
    leaf("name", name),
    ...maybe(readOnly, (fields) =>
      element("fields", { access: "readonly" }, [
        ...texts({
          change_level: fields.changeLevel,
          manufacture_id: fields.manufactureId,
          part_number: fields.partNumber,
          serial_number: fields.serialNumber
        }),
        ...indexed("vendor_field", fields.vendor)
      ])
    ),
    ...maybe(readWrite, (fields) =>
      element("fields", { access: "readwrite" }, [
        ...texts({ asset_tag: fields.assetTag }),
        ...indexed("vendor_field", fields.vendor),
        ...indexed("system_field", fields.system)
      ])
    )
  ])

const link = (validity: "cap" | "sta", { port, speed, width }: PciLink): KeptElement =>
  element("link", { validity, port, speed, width })

/** What a function is besides, in libvirt's order. */
const pciExtras = (one: PciCapability): readonly KeptElement[] => [
  ...maybe(one.physicalFunction, (place) => capability("phys_function", [address(place)])),
  ...maybe(one.virtualFunctions, ({ countMax, places }) =>
    capability("virt_functions", places.map(address), countMax === 0 ? {} : { maxCount: countMax })
  ),
  ...maybe(one.bridge, (type) => capability(type)),
  ...(one.mdevTypes.length === 0 ? [] : [capability("mdev_types", one.mdevTypes.map(mdevType))]),
  ...maybe(one.vpd, vpd),
  ...maybe(one.iommuGroup, ({ number, places }) =>
    element("iommuGroup", { number }, places.map(address))
  ),
  ...maybe(one.numaNode, (node) => element("numa", { node })),
  ...maybe(one.express, (express) =>
    element(
      "pci-express",
      {},
      express.link === undefined
        ? []
        : [link("cap", express.link.capable), link("sta", express.link.status)]
    )
  )
]

const pci = (one: PciCapability): readonly KeptElement[] => [
  ...maybe(one.class, (value) => leaf("class", hex(value, 6))),
  ...texts({ ...one.place }),
  named("product", one.product),
  named("vendor", one.vendor),
  ...pciExtras(one)
]

const net = (one: NetCapability): readonly KeptElement[] => [
  leaf("interface", one.interface),
  ...texts({ address: one.address }),
  ...maybe(one.state, (state) => element("link", { speed: one.speed, state })),
  capability(one.isWireless ? "80211" : "80203")
]

const scsiHost = ({ host, uniqueId, fibreChannel, vports }: ScsiHostCapability) => [
  ...texts({ host, unique_id: uniqueId }),
  ...maybe(fibreChannel, ({ wwnn, wwpn, fabric }) =>
    capability("fc_host", texts({ wwnn, wwpn, fabric_wwn: fabric }))
  ),
  ...maybe(vports, ({ countMax, count }) =>
    capability("vport_ops", texts({ max_vports: countMax, vports: count }))
  )
]

const storage = (one: StorageCapability): readonly KeptElement[] => {
  const blocks =
    one.blocks === 0
      ? []
      : texts({ logical_block_size: one.logicalBlockSize, num_blocks: one.blocks })
  return [
    ...texts({
      block: one.block,
      bus: one.bus,
      drive_type: one.driveType,
      model: one.model,
      vendor: one.vendor,
      serial: one.serial
    }),
    ...(one.isRemovable
      ? [
          capability("removable", [
            leaf("media_available", one.hasMedia ? 1 : 0),
            leaf("media_size", one.sizeBytes),
            ...texts({ media_label: one.mediaLabel }),
            ...blocks
          ])
        ]
      : [leaf("size", one.sizeBytes), ...blocks])
  ]
}

/** What is inside an element `capability`. */
const partsOf = (one: NodeCapability): readonly KeptElement[] => {
  switch (one.type) {
    case "system":
      return system(one)
    case "pci":
      return pci(one)
    case "usb_device": {
      const { bus, device } = one
      const ids = [named("product", one.product), named("vendor", one.vendor)]
      return [...texts({ bus, device }), ...ids]
    }
    case "usb": {
      const { number, class: kind, subclass, protocol } = one
      return texts({ number, class: kind, subclass, protocol })
    }
    case "net":
      return net(one)
    case "scsi_host":
      return scsiHost(one)
    case "scsi_target":
      return [
        leaf("target", one.target),
        ...maybe(one.remotePort, ({ name, wwpn }) =>
          capability("fc_remote_port", texts({ rport: name, wwpn }))
        )
      ]
    case "scsi": {
      const { host, bus, target, lun, deviceType } = one
      return texts({ host, bus, target, lun, type: deviceType })
    }
    case "scsi_generic":
      return [leaf("char", one.character)]
    case "storage":
      return storage(one)
    case "drm":
      return [leaf("type", one.node)]
    case "mdev": {
      const { uuid, parentAddress, iommuGroup } = one
      return [
        element("type", { id: one.typeId }),
        ...texts({ uuid, parent_addr: parentAddress }),
        ...maybe(iommuGroup, (number) => element("iommuGroup", { number }))
      ]
    }
    default:
      return one satisfies never
  }
}

/** The text, with a final newline. */
export const nodeDeviceXml = (device: NodeDevice): string =>
  `${writeElement(
    element("device", {}, [
      ...texts({ name: device.name, path: device.path }),
      ...maybe(device.devnode, (path) => leaf("devnode", path, { type: "dev" })),
      ...device.links.map((path) => leaf("devnode", path, { type: "link" })),
      ...texts({ parent: device.parent }),
      ...maybe(device.driver, (name) => element("driver", {}, [leaf("name", name)])),
      capability(device.capability.type, partsOf(device.capability))
    ])
  )}\n`
