/**
 * The commands of the guest's agent that Troupe sends, one builder each, with the reading of the
 * reply: the argument names are the agent's only here (qga/qapi-schema.json). Sends nothing, and
 * believes no reply that is not what it should be.
 */
import * as Result from "effect/Result"
import { isObject, type Json, type JsonObject } from "./json.ts"
import type { Command } from "./command.ts"

type Read<A> = Command<A>["decode"]

const ask = <A>(
  execute: string,
  words: { readonly [name: string]: Json | undefined } | undefined,
  decode: Read<A>
): Command<A> => {
  if (words === undefined) return { execute, decode }
  const kept = Object.entries(words).filter(([, value]) => value !== undefined)
  return { execute, arguments: Object.fromEntries(kept) as JsonObject, decode }
}

const nothing: Read<void> = () => Result.succeed(undefined)

const count: Read<number> = (reply) =>
  typeof reply === "number" && Number.isSafeInteger(reply) && reply >= 0
    ? Result.succeed(reply)
    : Result.fail("no number")

const objects =
  <A>(row: (one: Row) => A): Read<readonly A[]> =>
  (reply) => {
    if (!Array.isArray(reply)) return Result.fail("no list")
    const rows: A[] = []
    for (const one of reply as readonly Json[]) {
      if (!isObject(one)) return Result.fail("a list of other things than objects")
      rows.push(row(new Row(one)))
    }
    return Result.succeed(rows)
  }

const object =
  <A>(row: (one: Row) => A): Read<A> =>
  (reply) =>
    isObject(reply) ? Result.succeed(row(new Row(reply))) : Result.fail("no object")

/** The members of an object, each as what it should be; what is missing or wrong is left out. */
export class Row {
  private readonly of: JsonObject

  constructor(of: JsonObject) {
    this.of = of
  }

  private at(name: string): Json | undefined {
    return Object.hasOwn(this.of, name) ? this.of[name] : undefined
  }

  text(name: string): string | undefined {
    const value = this.at(name)
    return typeof value === "string" ? value : undefined
  }

  texts(name: string): readonly string[] {
    const value = this.at(name)
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : []
  }

  flag(name: string): boolean {
    return this.at(name) === true
  }

  number(name: string): number | undefined {
    const value = this.at(name)
    return typeof value === "number" && Number.isFinite(value) ? value : undefined
  }

  integer(name: string): number {
    const value = this.at(name)
    return typeof value === "number" && Number.isSafeInteger(value) ? value : 0
  }

  amount(name: string): bigint | undefined {
    const value = this.at(name)
    if (typeof value === "bigint") return value
    return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined
  }

  row(name: string): Row | undefined {
    const value = this.at(name)
    return isObject(value) ? new Row(value) : undefined
  }

  rows(name: string): readonly Row[] {
    const value = this.at(name)
    return Array.isArray(value)
      ? (value as readonly Json[]).filter(isObject).map((one) => new Row(one))
      : []
  }
}

/** It answers only when it cannot. */
export const guestShutdown = (mode: "powerdown" | "reboot") =>
  ask("guest-shutdown", { mode }, nothing)

/** As `guestShutdown`: the guest sleeps before it could answer. */
export const guestSuspend = (kind: "ram" | "disk" | "hybrid") =>
  ask(`guest-suspend-${kind}`, undefined, nothing)

export const freeze = () => ask("guest-fsfreeze-freeze", undefined, count)
export const freezeList = (mountpoints: readonly string[]) =>
  ask("guest-fsfreeze-freeze-list", { mountpoints }, count)
export const thaw = () => ask("guest-fsfreeze-thaw", undefined, count)
export const trim = (minimum: bigint) => ask("guest-fstrim", { minimum }, nothing)

/** Nanoseconds since 1970. */
export const getTime = () =>
  ask("guest-get-time", undefined, (reply) => {
    if (typeof reply === "bigint") return Result.succeed(reply)
    return typeof reply === "number" && Number.isSafeInteger(reply)
      ? Result.succeed(BigInt(reply))
      : Result.fail("no time")
  })
/** Without a time: that of the hardware clock. */
export const setTime = (time: bigint | undefined) => ask("guest-set-time", { time }, nothing)

export const setPassword = (user: string, base64: string, crypted: boolean) =>
  ask("guest-set-user-password", { username: user, password: base64, crypted }, nothing)

export const getVcpus = () =>
  ask(
    "guest-get-vcpus",
    undefined,
    objects((one) => ({
      logicalId: one.integer("logical-id"),
      isOnline: one.flag("online"),
      canOffline: one.flag("can-offline")
    }))
  )

/** How many of them it has set, from the first on. */
export const setVcpus = (ids: readonly number[], online: boolean) =>
  ask("guest-set-vcpus", { vcpus: ids.map((id) => ({ "logical-id": id, online })) }, count)

export const getSshKeys = (username: string) =>
  ask(
    "guest-ssh-get-authorized-keys",
    { username },
    object((one) => one.texts("keys"))
  )
export const addSshKeys = (
  username: string,
  { keys, reset }: { readonly keys: readonly string[]; readonly reset: boolean }
) => ask("guest-ssh-add-authorized-keys", { username, keys, reset }, nothing)
export const removeSshKeys = (username: string, keys: readonly string[]) =>
  ask("guest-ssh-remove-authorized-keys", { username, keys }, nothing)

export const getHostname = () =>
  ask(
    "guest-get-host-name",
    undefined,
    object((one) => one.text("host-name") ?? "")
  )

export { ask as agentCommand, object as agentObject, objects as agentObjects }
