/** Words about the daemon and its host. */
import * as Effect from "effect/Effect"
import { given } from "../flags.ts"
import { uuidText } from "./reference.ts"
import { whole } from "./answer.ts"
import { flag, word } from "./word.ts"

/** libvirt packs a version into one number. */
const versionText = (packed: bigint): string => {
  const number = Number(packed)
  return [Math.floor(number / 1e6), Math.floor(number / 1e3) % 1e3, number % 1e3].join(".")
}

const version = word({
  word: "version",
  about: "Tell the versions of the daemon's protocol and of its QEMU",
  args: {},
  flags: {},
  call: (_, { remote: { call } }) =>
    Effect.map(
      Effect.all(
        [
          call("remote", "CONNECT_GET_TYPE", undefined),
          call("remote", "CONNECT_GET_LIB_VERSION", undefined),
          call("remote", "CONNECT_GET_VERSION", undefined)
        ],
        { concurrency: "unbounded" }
      ),
      ([{ type }, { lib_ver }, { hv_ver }]) => ({
        value: { type, library: versionText(lib_ver), hypervisor: versionText(hv_ver) }
      })
    )
})

const hostname = word({
  word: "hostname",
  about: "Tell the name of the daemon's host",
  args: {},
  flags: {},
  call: (_, { remote: { call } }) =>
    Effect.map(call("remote", "CONNECT_GET_HOSTNAME", undefined), (ret) =>
      whole("hostname", ret.hostname)
    )
})

const uri = word({
  word: "uri",
  about: "Tell the URI of the daemon, as it names itself",
  args: {},
  flags: {},
  call: (_, { remote: { call } }) =>
    Effect.map(call("remote", "CONNECT_GET_URI", undefined), (ret) => whole("uri", ret.uri))
})

const nodeinfo = word({
  word: "nodeinfo",
  about: "Tell the processors and the memory of the host",
  args: {},
  flags: {},
  call: (_, { remote: { call } }) =>
    Effect.map(call("remote", "NODE_GET_INFO", undefined), ({ memory, ...info }) => ({
      value: { ...info, model: info.model.replaceAll("\0", ""), memoryKiB: memory }
    }))
})

const capabilities = word({
  word: "capabilities",
  about: "Print what the host and its QEMU can do, as XML",
  args: {},
  flags: {},
  call: (_, { remote: { call } }) =>
    Effect.map(call("remote", "CONNECT_GET_CAPABILITIES", undefined), (ret) =>
      whole("capabilities", ret.capabilities)
    )
})

const domcapabilities = word({
  word: "domcapabilities",
  about: "Print what a domain may be defined with, as XML",
  args: {},
  flags: {
    virttype: flag.text("virttype", "TYPE", "kvm or qemu"),
    emulator: flag.text("emulatorbin", "PATH", "the QEMU that is asked"),
    arch: flag.text("arch", "ARCH", "its architecture"),
    machine: flag.text("machine", "TYPE", "the machine type")
  },
  call: ({ virttype, emulator, arch, machine }, { remote: { call } }) =>
    Effect.map(
      call("remote", "CONNECT_GET_DOMAIN_CAPABILITIES", {
        emulatorbin: given(emulator) ?? null,
        arch: given(arch) ?? null,
        machine: given(machine) ?? null,
        virttype: given(virttype) ?? null,
        flags: 0
      }),
      (ret) => whole("capabilities", ret.capabilities)
    )
})

const sysinfo = word({
  word: "sysinfo",
  about: "Print what the firmware of the host says about it, as XML",
  args: {},
  flags: {},
  call: (_, { remote: { call } }) =>
    Effect.map(call("remote", "CONNECT_GET_SYSINFO", { flags: 0 }), (ret) =>
      whole("sysinfo", ret.sysinfo)
    )
})

const freecell = word({
  word: "freecell",
  about: "Tell how much memory of the host is free",
  args: {},
  flags: {},
  call: (_, { remote: { call } }) =>
    Effect.map(call("remote", "NODE_GET_FREE_MEMORY", undefined), ({ freeMem }) => ({
      value: { freeKiB: freeMem / 1024n }
    }))
})

/** Of lists of what a host may have: those that are active, the others, or all. */
export const listFlags = {
  isAll: flag.is("all", "also those that are not active"),
  isInactive: flag.is("inactive", "only those that are not active")
}

/** The same bits for networks, pools and interfaces, and not those of domains. */
const inactiveFlag = 1
const activeFlag = 2

export const wanted = ({ isAll, isInactive }: { isAll: boolean; isInactive: boolean }): number =>
  isAll ? 0 : isInactive ? inactiveFlag : activeFlag

const netList = word({
  word: "net-list",
  about: "List networks; by default those that are active",
  args: {},
  flags: listFlags,
  columns: ["name", "uuid"],
  call: (own, { remote: { call } }) =>
    Effect.map(
      call("remote", "CONNECT_LIST_ALL_NETWORKS", { need_results: 1, flags: wanted(own) }),
      ({ nets }) => ({ value: nets.map(({ name, uuid }) => ({ name, uuid: uuidText(uuid) })) })
    )
})

const ifaceList = word({
  word: "iface-list",
  about: "List the host's network interfaces; by default those that are up",
  args: {},
  flags: listFlags,
  columns: ["name", "mac"],
  call: (own, { remote: { call } }) =>
    Effect.map(
      call("remote", "CONNECT_LIST_ALL_INTERFACES", {
        need_results: 1,
        flags: wanted(own)
      }),
      ({ ifaces }) => ({ value: ifaces })
    )
})

const secretList = word({
  word: "secret-list",
  about: "List secrets",
  args: {},
  flags: {},
  columns: ["uuid", "usage"],
  call: (_, { remote: { call } }) =>
    Effect.map(
      call("remote", "CONNECT_LIST_ALL_SECRETS", { need_results: 1, flags: 0 }),
      ({ secrets }) => ({
        value: secrets.map(({ uuid, usageID }) => ({ uuid: uuidText(uuid), usage: usageID }))
      })
    )
})

const nwfilterList = word({
  word: "nwfilter-list",
  about: "List network filters",
  args: {},
  flags: {},
  columns: ["name", "uuid"],
  call: (_, { remote: { call } }) =>
    Effect.map(
      call("remote", "CONNECT_LIST_ALL_NWFILTERS", { need_results: 1, flags: 0 }),
      ({ filters }) => ({
        value: filters.map(({ name, uuid }) => ({ name, uuid: uuidText(uuid) }))
      })
    )
})

export const hostWords = [
  version,
  hostname,
  uri,
  nodeinfo,
  capabilities,
  domcapabilities,
  sysinfo,
  freecell,
  netList,
  ifaceList,
  secretList,
  nwfilterList
] as const
