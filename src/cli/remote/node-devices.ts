/** `nodedev-list` as a list or a tree, and `nodedev-detach` by whichever call can do it. */
import * as Effect from "effect/Effect"
import type { Remote } from "../../rpc/client/connect.ts"
import { BadInput } from "../failure.ts"
import type { Answer } from "./answer.ts"
import { capabilityFlags } from "./node-device-kinds.ts"
import { isNoProgram } from "./programs.ts"

const flagsOf = (text: string | undefined): Effect.Effect<number, BadInput> => {
  const words = (text ?? "").split(",").filter((one) => one !== "")
  const known = Object.entries(capabilityFlags)
  const unknown = words.find((one) => !Object.hasOwn(capabilityFlags, one))
  if (unknown !== undefined) {
    const all = known.map(([name]) => name).join(", ")
    return Effect.fail(new BadInput({ message: `'${unknown}' is no kind of device; use ${all}` }))
  }
  const bits = known.map<number>(([name, bit]) => (words.includes(name) ? bit : 0))
  return Effect.succeed(bits.reduce((flags, bit) => flags | bit, 0))
}

interface Named {
  readonly name: string
  readonly parent: string | null
}

/** Each below its parent; what has none in the list stands at the edge. */
const treeOf = (devices: readonly Named[]): string => {
  const names = new Set(devices.map(({ name }) => name))
  const lines: string[] = []
  const put = (under: string | undefined, indent: string) => {
    for (const { name, parent } of devices) {
      const above = parent !== null && names.has(parent) ? parent : undefined
      if (above !== under) continue
      lines.push(`${indent}${name}\n`)
      put(name, `${indent}  `)
    }
  }
  put(undefined, "")
  return lines.join("")
}

export interface NodeDevicesOptions {
  readonly capabilities: string | undefined
  readonly isTree: boolean
}

export const nodeDevices = ({ call }: Remote, { capabilities, isTree }: NodeDevicesOptions) =>
  Effect.gen(function* () {
    const flags = yield* flagsOf(capabilities)
    const listed = yield* call("remote", "CONNECT_LIST_ALL_NODE_DEVICES", {
      need_results: 1,
      flags
    })
    const devices = listed.devices.map(({ name }) => ({ name }))
    if (!isTree) return { value: devices } satisfies Answer
    const parents = yield* Effect.forEach(
      devices,
      ({ name }) => call("remote", "NODE_DEVICE_GET_PARENT", { name }),
      { concurrency: "unbounded" }
    )
    const named = devices.map(({ name }, index) => ({
      name,
      parent: parents[index]?.parentName ?? null
    }))
    return { value: named, text: treeOf(named) } satisfies Answer
  })

export interface DetachOptions {
  readonly name: string
  readonly driver: string | undefined
  readonly isForced: boolean
}

/** Only our own call can be forced: libvirt's has no flag for it, and asks nobody. */
const force = ({ call }: Remote, name: string) =>
  Effect.catch(call("troupe", "HOST_DEVICE_DETACH", { name, flags: 1 }), (error) =>
    Effect.fail(
      isNoProgram(error)
        ? new BadInput({
            message: "this daemon has no --force: it takes a device whatever the host does with it"
          })
        : error
    )
  )

export const detach = (remote: Remote, { name, driver, isForced }: DetachOptions) => {
  if (isForced && driver !== undefined && driver !== "vfio")
    return Effect.fail(new BadInput({ message: `there is no driver '${driver}'; use vfio` }))
  if (isForced) return force(remote, name)
  return driver === undefined
    ? remote.call("remote", "NODE_DEVICE_DETTACH", { name })
    : remote.call("remote", "NODE_DEVICE_DETACH_FLAGS", { name, driverName: driver, flags: 0 })
}
