/**
 * How a procedure fails where no error of the engine's says it: libvirt's own error, by the names
 * of its code and of the part that speaks. Turned into numbers by `error-code.ts`.
 */
import * as Data from "effect/Data"

/** virErrorNumber of libvirt's virterror.h, without its prefix; only what is ever answered. */
export const errorNumbers = {
  INTERNAL_ERROR: 1,
  NO_MEMORY: 2,
  NO_SUPPORT: 3,
  INVALID_CONN: 6,
  INVALID_DOMAIN: 7,
  INVALID_ARG: 8,
  OPERATION_FAILED: 9,
  NO_CONNECT: 5,
  XML_ERROR: 27,
  DOM_EXIST: 28,
  OPERATION_DENIED: 29,
  SYSTEM_ERROR: 38,
  RPC: 39,
  NO_DOMAIN: 42,
  NO_NETWORK: 43,
  AUTH_FAILED: 45,
  INVALID_STORAGE_POOL: 46,
  INVALID_STORAGE_VOL: 47,
  NO_STORAGE_POOL: 49,
  NO_STORAGE_VOL: 50,
  NO_NODE_DEVICE: 53,
  NO_SECURITY_MODEL: 54,
  OPERATION_INVALID: 55,
  NO_INTERFACE: 57,
  NO_NWFILTER: 62,
  NO_SECRET: 66,
  CONFIG_UNSUPPORTED: 67,
  OPERATION_TIMEOUT: 68,
  NO_DOMAIN_SNAPSHOT: 72,
  ARGUMENT_UNSUPPORTED: 74,
  STORAGE_PROBE_FAILED: 75,
  STORAGE_POOL_BUILT: 76,
  OPERATION_ABORTED: 78,
  NO_DOMAIN_METADATA: 80,
  OPERATION_UNSUPPORTED: 84,
  AGENT_UNRESPONSIVE: 86,
  RESOURCE_BUSY: 87,
  ACCESS_DENIED: 88,
  STORAGE_VOL_EXIST: 90,
  CPU_INCOMPATIBLE: 91,
  XML_INVALID_SCHEMA: 92,
  AGENT_UNSYNCED: 97,
  DEVICE_MISSING: 99,
  NO_NWFILTER_BINDING: 101,
  NO_DOMAIN_CHECKPOINT: 103
} as const

/** virErrorDomain: the part of libvirt that speaks. */
export const errorDomains = {
  NONE: 0,
  RPC: 7,
  QEMU: 10,
  REMOTE: 13,
  STORAGE: 18,
  NETWORK: 19,
  DOMAIN: 20,
  NODEDEV: 22,
  SECURITY: 24,
  INTERFACE: 26,
  NWFILTER: 33,
  SECRET: 30,
  CPU: 31,
  SNAPSHOT: 35,
  STREAMS: 38
} as const

export type ErrorName = keyof typeof errorNumbers
export type ErrorDomain = keyof typeof errorDomains

/**
 * A refusal with libvirt's code. `text` is a whole sentence that the client prints as it is. Where
 * the code has words of its own that clients look for, `error-code.ts` puts them before it.
 */
export class RpcRefusal extends Data.TaggedError("RpcRefusal")<{
  readonly code: ErrorName
  /** QEMU by default. */
  readonly domain?: ErrorDomain
  readonly text: string
  /** An errno, for SYSTEM_ERROR. */
  readonly errno?: number
  /** The text stands alone: libvirt says unknown flags without the words for their code. */
  readonly isBare?: boolean
}> {
  override get message(): string {
    return this.text
  }
}

/** What libvirt answers where a client that may only read asks for more. */
export const readOnlyRefusal = (api: string): RpcRefusal =>
  new RpcRefusal({ code: "OPERATION_DENIED", text: `read only access prevents ${api}` })
