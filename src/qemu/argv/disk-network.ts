/** Images on the network: how QEMU reaches the servers of each protocol. */
import type { NetworkHost, NetworkSource } from "../../model/device/disk.ts"
import type { Json, JsonObject } from "./arg.ts"

/** Ports that a definition need not name. */
const usualPorts: { readonly [protocol: string]: number } = {
  nbd: 10_809,
  gluster: 24_007,
  iscsi: 3260,
  ssh: 22,
  http: 80,
  https: 443,
  ftp: 21,
  ftps: 990
}

/** Protocols with a block driver of their own here. */
export const protocols = ["nbd", "gluster", "rbd", "iscsi", "ssh", "http", "https", "ftp", "ftps"]

const portText = (host: NetworkHost, protocol: string): string =>
  String(host.port ?? usualPorts[protocol] ?? 0)

const server = (host: NetworkHost | undefined, protocol: string): JsonObject => {
  if (host?.transport === "unix") return { type: "unix", path: host.socket }
  return { type: "inet", host: host?.name, port: portText(host ?? {}, protocol) }
}

const nbd = ({ hosts, name }: NetworkSource): JsonObject => ({
  driver: "nbd",
  server: server(hosts[0], "nbd"),
  export: name
})

const split = (name: string): readonly [string, string] => {
  const slash = name.indexOf("/")
  return slash === -1 ? [name, ""] : [name.slice(0, slash), name.slice(slash + 1)]
}

const gluster = ({ hosts, name = "" }: NetworkSource): JsonObject => {
  const [volume, path] = split(name.replace(/^\//, ""))
  const servers = hosts.map((host): Json => server(host, "gluster"))
  return { driver: "gluster", volume, path, server: servers, debug: 4 }
}

const rbd = ({ hosts, name = "" }: NetworkSource): JsonObject => {
  const [pool, image] = split(name)
  const servers = hosts.map((host): Json => ({ host: host.name, port: String(host.port ?? 6789) }))
  return { driver: "rbd", pool, image, server: servers.length === 0 ? undefined : servers }
}

const iscsi = ({ hosts, name = "" }: NetworkSource): JsonObject => {
  const [target, lun] = split(name)
  const host = hosts[0] ?? {}
  const address = host.name?.includes(":") === true ? `[${host.name}]` : host.name
  return {
    driver: "iscsi",
    portal: `${address}:${portText(host, "iscsi")}`,
    target,
    lun: lun === "" ? 0 : Number(lun),
    transport: "tcp"
  }
}

const ssh = ({ hosts, name }: NetworkSource): JsonObject => ({
  driver: "ssh",
  path: name,
  server: { host: hosts[0]?.name, port: portText(hosts[0] ?? {}, "ssh") }
})

const web = ({ protocol = "http", hosts, name = "", query }: NetworkSource): JsonObject => {
  const host = hosts[0] ?? {}
  const path = name.startsWith("/") ? name : `/${name}`
  const asked = query === undefined ? "" : `?${query}`
  const address = host.name?.includes(":") === true ? `[${host.name}]` : host.name
  const url = `${protocol}://${address}:${portText(host, protocol)}${path}${asked}`
  return { driver: protocol, url }
}

/** The storage node's driver and its settings; the protocol is one of `protocols`. */
export const networkStorage = (source: NetworkSource): JsonObject => {
  switch (source.protocol) {
    case "nbd":
      return nbd(source)
    case "gluster":
      return gluster(source)
    case "rbd":
      return rbd(source)
    case "iscsi":
      return iscsi(source)
    case "ssh":
      return ssh(source)
    default:
      return web(source)
  }
}
