/**
 * What an operator may set of the daemon: libvirtd.conf's words, for what this daemon has of it.
 * Reads text into values; touches no file. A key that is not known is named, and nothing more.
 */
import * as Result from "effect/Result"
import { ConfigError } from "../../config/snapshot.ts"
import { type Entry, parseSyntax, type Problem, type Value } from "../../config/syntax.ts"
import type { ServerLimits } from "./server.ts"

export interface TlsFiles {
  readonly ca: string
  readonly certificate: string
  readonly key: string
}

export interface Settings {
  readonly limits: Partial<ServerLimits>
  /** Modes of the two sockets, and the group that they are given. */
  readonly readWriteMode: number
  readonly readOnlyMode: number
  readonly socketGroup: string | undefined
  readonly tls: TlsFiles
  /** Distinguished names with `*`; `undefined` lets in everybody with a certificate of the CA. */
  readonly allowedNames: readonly string[] | undefined
  /** Users whose processes the UNIX sockets let in; `undefined` leaves it to the sockets' modes. */
  readonly allowedUids: readonly number[] | undefined
  /** Keys that have no effect here. */
  readonly unknown: readonly Problem[]
}

/** Without a file: libvirt's places of certificates, and sockets of the owner's and for reading. */
export const defaultSettings: Settings = {
  limits: {},
  readWriteMode: 0o700,
  readOnlyMode: 0o777,
  socketGroup: undefined,
  tls: {
    ca: "/etc/pki/CA/cacert.pem",
    certificate: "/etc/pki/libvirt/servercert.pem",
    key: "/etc/pki/libvirt/private/serverkey.pem"
  },
  allowedNames: undefined,
  allowedUids: undefined,
  unknown: []
}

/** Reads one value into the settings; a text says what is wrong with it. */
type Take = (settings: Settings, value: Value) => Settings | string

const whole =
  (least: number, most: number, put: (settings: Settings, value: number) => Settings): Take =>
  (settings, value) => {
    if (typeof value !== "bigint") return "a whole number is wanted"
    const number = Number(value)
    return number < least || number > most
      ? `a number from ${least} to ${most} is wanted`
      : put(settings, number)
  }

const text =
  (put: (settings: Settings, value: string) => Settings): Take =>
  (settings, value) =>
    typeof value === "string" && value !== "" ? put(settings, value) : "a text is wanted"

const mode =
  (put: (settings: Settings, value: number) => Settings): Take =>
  (settings, value) =>
    typeof value === "string" && /^0?[0-7]{3}$/.test(value)
      ? put(settings, Number.parseInt(value, 8))
      : 'an octal mode in quotes is wanted, as "0770"'

const limit = (name: keyof ServerLimits, scale: number, [least, most]: readonly [number, number]) =>
  whole(least, most, (settings, value) => ({
    ...settings,
    limits: { ...settings.limits, [name]: value * scale }
  }))

const tlsFile = (name: keyof TlsFiles) =>
  text((settings, path) => ({ ...settings, tls: { ...settings.tls, [name]: path } }))

const names: Take = (settings, value) =>
  Array.isArray(value) && value.every((one) => typeof one === "string")
    ? { ...settings, allowedNames: value.map(String) }
    : "a list of texts is wanted"

/** uid_t, without the -1 that means nobody. */
const uidMost = 2n ** 32n - 2n

const uids: Take = (settings, value) =>
  Array.isArray(value) &&
  value.every((one) => typeof one === "bigint" && one >= 0n && one <= uidMost)
    ? { ...settings, allowedUids: value.map(Number) }
    : "a list of numbers of users is wanted, as [ 0, 1000 ]"

/** More clients than descriptors a process may have on any usual host. */
const clientsMost = 100_000

const keys: { readonly [key: string]: Take } = {
  max_clients: limit("clientsMax", 1, [1, clientsMost]),
  max_anonymous_clients: limit("anonymousClientsMax", 1, [1, clientsMost]),
  max_client_requests: limit("callsInFlightMax", 1, [1, 1_000]),
  keepalive_interval: limit("keepaliveIntervalMs", 1_000, [-1, 86_400]),
  keepalive_count: limit("keepaliveCountMax", 1, [0, 1_000]),
  unix_sock_rw_perms: mode((settings, readWriteMode) => ({ ...settings, readWriteMode })),
  unix_sock_ro_perms: mode((settings, readOnlyMode) => ({ ...settings, readOnlyMode })),
  unix_sock_group: text((settings, socketGroup) => ({ ...settings, socketGroup })),
  ca_file: tlsFile("ca"),
  cert_file: tlsFile("certificate"),
  key_file: tlsFile("key"),
  tls_allowed_dn_list: names,
  // A word of our own: libvirtd asks polkit instead.
  troupe_unix_allowed_uids: uids
}

/** Every key that has an effect. */
export const settingNames: readonly string[] = Object.keys(keys)

/** The settings of a file's text; as a whole, or what is wrong with it. */
export const readSettings = (
  path: string,
  content: string
): Result.Result<Settings, ConfigError> => {
  const { entries, problems } = parseSyntax(content)
  const lines = content.split(/\r\n|\r|\n/)
  const wrong: Problem[] = [...problems]
  const unknown: Problem[] = []
  let settings = defaultSettings
  const say = (list: Problem[], { line, column, key }: Entry, message: string) =>
    list.push({ line, column, message: `${key}: ${message}`, source: lines[line - 1] ?? "" })
  for (const entry of entries) {
    const take = Object.hasOwn(keys, entry.key) ? keys[entry.key] : undefined
    if (take === undefined) {
      say(unknown, entry, "has no effect here")
      continue
    }
    const taken = take(settings, entry.value)
    if (typeof taken === "string") say(wrong, entry, taken)
    else settings = taken
  }
  return wrong.length > 0
    ? Result.fail(new ConfigError({ path, problems: wrong }))
    : Result.succeed({ ...settings, unknown })
}

/** As OpenSSL hands over a certificate's subject: one value, or several, for each attribute. */
export type Subject = { readonly [attribute: string]: string | readonly string[] | undefined }

/** Where GnuTLS, whose words libvirt's lists have, has another one than OpenSSL. */
const attributeNames: { readonly [attribute: string]: string } = { emailAddress: "EMAIL" }

/** A comma in a value is none between two attributes (RFC 4514, 2.4). */
const escaped = (value: string): string =>
  value.replaceAll(/[,+"\\<>;]|^[# ]| $/g, "\\$&").replaceAll("\0", "\\00")

/** The name of a certificate's owner, as `virt-pki-query-dn` prints it: `O=...,CN=...`. */
export const distinguishedName = (subject: Subject): string =>
  Object.entries(subject)
    .flatMap(([attribute, value]) =>
      (typeof value === "string" ? [value] : (value ?? [])).map(
        (one) => `${attributeNames[attribute] ?? attribute}=${escaped(one)}`
      )
    )
    .join(",")

/** The greedy walk takes each piece where it first is: linear, however many stars there are. */
const isLike = (name: string, pattern: string): boolean => {
  const [head = "", ...pieces] = pattern.split("*")
  const tail = pieces.pop()
  if (tail === undefined) return name === pattern
  if (!name.startsWith(head)) return false
  let at = head.length
  for (const piece of pieces) {
    const found = name.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return name.length - tail.length >= at && name.endsWith(tail)
}

/** Whether a name is one of the list's; `*` stands for anything, as in a shell's pattern. */
export const isAllowed = (name: string, allowed: readonly string[] | undefined): boolean =>
  allowed === undefined || allowed.some((pattern) => isLike(name, pattern))
