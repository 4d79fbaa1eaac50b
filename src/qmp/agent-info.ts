/**
 * What the guest's agent tells of the guest (users, system, time zone, file systems, disks, cards),
 * read into plain data of the layer above: names as the agent has them stand only here.
 */
import { agentCommand, agentObject, agentObjects, type Row } from "./agent-command.ts"

/** Leaves out what is not there. */
const present = <A extends object>(fields: A): { readonly [K in keyof A]?: NonNullable<A[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof A]?: NonNullable<A[K]>
  }

export const getUsers = () =>
  agentCommand(
    "guest-get-users",
    undefined,
    agentObjects((one) => ({
      user: one.text("user") ?? "",
      ...present({ domain: one.text("domain") }),
      loginTimeMs: Math.round((one.number("login-time") ?? 0) * 1000)
    }))
  )

export const getOs = () =>
  agentCommand(
    "guest-get-osinfo",
    undefined,
    agentObject((one) =>
      present({
        id: one.text("id"),
        name: one.text("name"),
        prettyName: one.text("pretty-name"),
        version: one.text("version"),
        versionId: one.text("version-id"),
        variant: one.text("variant"),
        variantId: one.text("variant-id"),
        machine: one.text("machine"),
        kernelRelease: one.text("kernel-release"),
        kernelVersion: one.text("kernel-version")
      })
    )
  )

export const getTimezone = () =>
  agentCommand(
    "guest-get-timezone",
    undefined,
    agentObject((one) => ({
      ...present({ name: one.text("zone") }),
      offsetSeconds: one.integer("offset")
    }))
  )

const diskOf = (one: Row) => {
  const pci = one.row("pci-controller")
  return {
    ...present({ serial: one.text("serial"), device: one.text("dev") }),
    busType: one.text("bus-type") ?? "unknown",
    bus: one.integer("bus"),
    target: one.integer("target"),
    unit: one.integer("unit"),
    pci: {
      domain: pci?.integer("domain") ?? 0,
      bus: pci?.integer("bus") ?? 0,
      slot: pci?.integer("slot") ?? 0,
      function: pci?.integer("function") ?? 0
    }
  }
}

export const getFilesystems = () =>
  agentCommand(
    "guest-get-fsinfo",
    undefined,
    agentObjects((one) => ({
      mountpoint: one.text("mountpoint") ?? "",
      name: one.text("name") ?? "",
      fstype: one.text("type") ?? "",
      ...present({ totalBytes: one.amount("total-bytes"), usedBytes: one.amount("used-bytes") }),
      disks: one.rows("disk").map(diskOf)
    }))
  )

export const getDisks = () =>
  agentCommand(
    "guest-get-disks",
    undefined,
    agentObjects((one) => {
      const address = one.row("address")
      return {
        name: one.text("name") ?? "",
        isPartition: one.flag("partition"),
        dependencies: one.texts("dependencies"),
        ...(address === undefined ? {} : { address: diskOf(address) }),
        ...present({ guestAlias: one.text("alias") })
      }
    })
  )

export const getInterfaces = () =>
  agentCommand(
    "guest-network-get-interfaces",
    undefined,
    agentObjects((one) => ({
      name: one.text("name") ?? "",
      ...present({ hardwareAddress: one.text("hardware-address") }),
      addresses: one.rows("ip-addresses").map((address) => ({
        kind: address.text("ip-address-type") === "ipv6" ? ("ipv6" as const) : ("ipv4" as const),
        address: address.text("ip-address") ?? "",
        prefix: address.integer("prefix")
      }))
    }))
  )
