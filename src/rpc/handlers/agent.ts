/** What is asked of a guest through its agent: its file systems, time, users, addresses, vCPUs. */
import * as Effect from "effect/Effect"
import { listOf, numbersOf } from "../../host/node-files.ts"
import {
  type AddressKind,
  type AddressSource,
  guestInfoKinds,
  type DomainInterface,
  type GuestVcpu
} from "../../model/guest-info.ts"
import { text } from "../../qemu/stats.ts"
import { readOnlyRefusal } from "../refusal.ts"
import type { Handler, Handlers } from "../server/handler.ts"
import { guestInfoParameters } from "./agent-info.ts"
import { onGuest, refuse } from "./domain-reference.ts"
import { knowing } from "./flags.ts"

/** virDomainInterfaceAddressesSource: its order, from 0. */
const sources: readonly AddressSource[] = ["lease", "agent", "arp"]
const addressKinds: { readonly [kind in AddressKind]: number } = { ipv4: 0, ipv6: 1 }

const allKinds = (1 << guestInfoKinds.length) - 1

/** VIR_DOMAIN_TIME_SYNC, VIR_DOMAIN_PASSWORD_ENCRYPTED. */
const syncTime = 1
const isEncrypted = 1

/** VIR_DOMAIN_GET_HOSTNAME_LEASE and _AGENT. */
const fromLease = 1
const fromAgent = 2

/** VIR_DOMAIN_AUTHORIZED_SSH_KEYS_SET_APPEND and _REMOVE. */
const append = 1
const remove = 2

/** QEMU_GUEST_VCPU_MAX_ID: numbers of a guest's vCPUs are below it. */
const vcpuIdsMax = 4_096

/** VIR_DOMAIN_AGENT_RESPONSE_TIMEOUT_BLOCK: as long as it takes. */
const responseTimeoutMin = -2

const filesystems: Handler<"remote", "DOMAIN_GET_FSINFO"> = ({ dom }, client) =>
  onGuest(client, dom, ({ agent }) =>
    Effect.map(agent.filesystems, (all) => ({
      info: all.map(({ mountpoint, name, fstype, disks }) => ({
        mountpoint,
        name,
        fstype,
        dev_aliases: disks.flatMap(({ alias }) => (alias === undefined ? [] : [alias]))
      })),
      ret: all.length
    }))
  )

/** With kinds, what the agent cannot tell is an error; without, it is left out. */
const guestInfo: Handler<"remote", "DOMAIN_GET_GUEST_INFO"> = ({ dom, types }, client) => {
  const unknown = (types & ~allKinds) >>> 0
  if (unknown !== 0)
    return refuse("INVALID_ARG", `unsupported guest information types '0x${unknown.toString(16)}'`)
  const kinds = guestInfoKinds.filter((_, bit) => (types & (1 << bit)) !== 0)
  return onGuest(client, dom, ({ agent }) =>
    Effect.map(agent.info(kinds.length === 0 ? undefined : kinds), (info) => ({
      params: guestInfoParameters(info)
    }))
  )
}

const onWire = ({ name, hardwareAddress, addresses }: DomainInterface) => ({
  name,
  hwaddr: hardwareAddress ?? null,
  addrs: addresses.map(({ kind, address, prefix }) => ({
    type: addressKinds[kind],
    addr: address,
    prefix
  }))
})

const addresses: Handler<"remote", "DOMAIN_INTERFACE_ADDRESSES"> = ({ dom, source }, client) => {
  const from = sources[source]
  if (from === undefined) return refuse("INVALID_ARG", `Unknown IP address data source ${source}`)
  if (from === "agent" && client.isReadOnly)
    return Effect.fail(readOnlyRefusal("virDomainInterfaceAddresses"))
  // There are no networks here that lease addresses, so that there is no lease.
  if (from === "lease") return onGuest(client, dom, () => Effect.succeed({ ifaces: [] }))
  return onGuest(client, dom, ({ agent }) =>
    Effect.map(agent.interfaceAddresses(from), (all) => ({ ifaces: all.map(onWire) }))
  )
}

const hostname: Handler<"remote", "DOMAIN_GET_HOSTNAME"> = ({ dom, flags }, client) =>
  (flags & fromLease) === 0
    ? onGuest(client, dom, ({ agent }) =>
        Effect.map(agent.hostname, (found) => ({ hostname: found }))
      )
    : refuse("OPERATION_UNSUPPORTED", "there are no leases to find a host name in")

const setTime: Handler<"remote", "DOMAIN_SET_TIME"> = (
  { dom, seconds, nseconds: nanoseconds, flags },
  client
) =>
  onGuest(client, dom, ({ agent }) =>
    agent.setTime((flags & syncTime) === 0 ? { seconds, nanoseconds } : "sync")
  )

const setPassword: Handler<"remote", "DOMAIN_SET_USER_PASSWORD"> = (
  { dom, user, password, flags },
  client
) =>
  user === null || password === null
    ? refuse("INVALID_ARG", "a user and a password are needed")
    : onGuest(client, dom, ({ agent }) =>
        agent.setUserPassword(user, password, (flags & isEncrypted) !== 0)
      )

const listWhere = (vcpus: readonly GuestVcpu[], has: (vcpu: GuestVcpu) => boolean): string =>
  listOf(
    vcpus
      .filter(has)
      .map(({ logicalId }) => logicalId)
      .toSorted((one, other) => one - other)
  )

const guestVcpus: Handler<"remote", "DOMAIN_GET_GUEST_VCPUS"> = ({ dom }, client) =>
  onGuest(client, dom, ({ agent }) =>
    Effect.map(agent.vcpus, (all) => ({
      params: [
        text(
          "vcpus",
          listWhere(all, () => true)
        ),
        text(
          "online",
          listWhere(all, ({ isOnline }) => isOnline)
        ),
        text(
          "offlinable",
          listWhere(all, ({ canOffline }) => canOffline)
        )
      ]
    }))
  )

const setGuestVcpus: Handler<"remote", "DOMAIN_SET_GUEST_VCPUS"> = (
  { dom, cpumap, state },
  client
) => {
  if (state !== 0 && state !== 1) return refuse("INVALID_ARG", "unsupported state value")
  const ids = numbersOf(cpumap, vcpuIdsMax)
  if (ids.length === 0) return refuse("INVALID_ARG", `Failed to parse bitmap '${cpumap}'`)
  return onGuest(client, dom, ({ agent }) => agent.setVcpus(ids, state === 1))
}

const setKeys: Handler<"remote", "DOMAIN_AUTHORIZED_SSH_KEYS_SET"> = (
  { dom, user, keys, flags },
  client
) => {
  if (flags === (append | remove))
    return refuse("INVALID_ARG", "keys are either added or taken away")
  const how = (flags & append) !== 0 ? "append" : (flags & remove) !== 0 ? "remove" : "replace"
  return onGuest(client, dom, ({ agent }) => agent.setSshKeys(user, keys, how))
}

const setAgentTimeout: Handler<"remote", "DOMAIN_AGENT_SET_RESPONSE_TIMEOUT"> = (
  { dom, timeout },
  client
) =>
  timeout < responseTimeoutMin
    ? refuse("INVALID_ARG", `guest agent timeout '${timeout}' is less than '${responseTimeoutMin}'`)
    : onGuest(client, dom, ({ agent }) =>
        Effect.as(agent.setResponseTimeout(timeout), { result: 0 })
      )

export const guestAgent: Handlers = {
  remote: {
    DOMAIN_FSFREEZE: knowing("virDomainFSFreeze", 0, ({ dom, mountpoints }, client) =>
      onGuest(client, dom, ({ agent }) =>
        Effect.map(agent.fsFreeze(mountpoints), (count) => ({ filesystems: count }))
      )
    ),
    DOMAIN_FSTHAW: knowing("virDomainFSThaw", 0, ({ dom }, client) =>
      onGuest(client, dom, ({ agent }) =>
        Effect.map(agent.fsThaw, (count) => ({ filesystems: count }))
      )
    ),
    DOMAIN_FSTRIM: knowing("virDomainFSTrim", 0, ({ dom, mountPoint, minimum }, client) =>
      mountPoint === null
        ? onGuest(client, dom, ({ agent }) => agent.fsTrim(minimum))
        : refuse("ARGUMENT_UNSUPPORTED", "Specifying mount point is not supported for now")
    ),
    DOMAIN_GET_FSINFO: knowing("virDomainGetFSInfo", 0, filesystems),
    DOMAIN_GET_GUEST_INFO: knowing("virDomainGetGuestInfo", 0, guestInfo),
    DOMAIN_GET_TIME: knowing("virDomainGetTime", 0, ({ dom }, client) =>
      onGuest(client, dom, ({ agent }) =>
        Effect.map(agent.time, ({ seconds, nanoseconds }) => ({ seconds, nseconds: nanoseconds }))
      )
    ),
    DOMAIN_SET_TIME: knowing("virDomainSetTime", syncTime, setTime),
    DOMAIN_INTERFACE_ADDRESSES: knowing("virDomainInterfaceAddresses", 0, addresses),
    DOMAIN_GET_HOSTNAME: knowing("virDomainGetHostname", fromLease | fromAgent, hostname),
    DOMAIN_SET_USER_PASSWORD: knowing("virDomainSetUserPassword", isEncrypted, setPassword),
    DOMAIN_GET_GUEST_VCPUS: knowing("virDomainGetGuestVcpus", 0, guestVcpus),
    DOMAIN_SET_GUEST_VCPUS: knowing("virDomainSetGuestVcpus", 0, setGuestVcpus),
    DOMAIN_AUTHORIZED_SSH_KEYS_GET: knowing(
      "virDomainAuthorizedSSHKeysGet",
      0,
      ({ dom, user }, client) =>
        onGuest(client, dom, ({ agent }) => Effect.map(agent.sshKeys(user), (keys) => ({ keys })))
    ),
    DOMAIN_AUTHORIZED_SSH_KEYS_SET: knowing(
      "virDomainAuthorizedSSHKeysSet",
      append | remove,
      setKeys
    ),
    DOMAIN_AGENT_SET_RESPONSE_TIMEOUT: knowing(
      "virDomainAgentSetResponseTimeout",
      0,
      setAgentTimeout
    )
  }
}
