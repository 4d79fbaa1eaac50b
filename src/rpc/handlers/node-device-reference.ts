/** Devices of the host as clients name them, and what they are told of one that is not there. */
import * as Effect from "effect/Effect"
import type { NodeDeviceNotFound } from "../../node/device-error.ts"
import type { Fault } from "../error-code.ts"
import type { HostServices, Work } from "../server/handler.ts"
import { type Absent, notThere } from "./absent.ts"

const devices: Absent = { code: "NO_NODE_DEVICE", domain: "NODEDEV", noun: "node device" }

/** With the error of a device that is not there in libvirt's words. */
export const orMissing = <A>(
  by: string,
  key: string,
  work: Effect.Effect<A, Fault | NodeDeviceNotFound, HostServices>
): Work<A> =>
  Effect.catch(work, (error) =>
    error._tag === "NodeDeviceNotFound" ? notThere(devices, by, key) : Effect.fail(error)
  )

/** The same of a call that has the device's name. */
export const ofName = <A>(
  name: string,
  work: Effect.Effect<A, Fault | NodeDeviceNotFound, HostServices>
) => orMissing("name", name, work)
