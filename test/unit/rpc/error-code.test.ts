/**
 * Goal: a client reads why a call failed, once, with the numbers that libvirt's clients act on.
 * Method: errors of each layer below the protocol, turned into libvirt's; the words of the code
 * stand before the reason and nowhere else. The numbers are those of libvirt's virterror.h.
 */
import { describe, expect, test } from "vitest"
import { InvalidArgument } from "../../../src/model/guest-error.ts"
import { PoolInactive, StorageBusy } from "../../../src/model/storage-error.ts"
import { CpuIncompatible, NodeArgumentInvalid, NodeUnsupported } from "../../../src/node/error.ts"
import { errorOf, type Fault } from "../../../src/rpc/error-code.ts"
import { RpcRefusal } from "../../../src/rpc/refusal.ts"

interface Case {
  readonly fault: Fault
  readonly code: number
  readonly words: string
  readonly reason: string
}

const cases: readonly Case[] = [
  {
    fault: new NodeArgumentInvalid({ argument: "cell 5", why: "this host has no such cell" }),
    code: 8,
    words: "invalid argument",
    reason: "cell 5: this host has no such cell"
  },
  {
    fault: new InvalidArgument({ domain: "web", argument: "disk", why: "there is no disk 'x'" }),
    code: 8,
    words: "invalid argument",
    reason: "disk for 'web': there is no disk 'x'"
  },
  {
    fault: new CpuIncompatible({ why: "the host lacks 'amx-tile'" }),
    code: 91,
    words: "the CPU is incompatible with host CPU",
    reason: "the host lacks 'amx-tile'"
  },
  {
    fault: new NodeUnsupported({ what: "arch 'sparc'", why: "guests of it are not built" }),
    code: 67,
    words: "unsupported configuration",
    reason: "arch 'sparc' cannot be had: guests of it are not built"
  },
  {
    fault: new PoolInactive({ pool: "a" }),
    code: 55,
    words: "Requested operation is not valid",
    reason: new PoolInactive({ pool: "a" }).message
  },
  {
    fault: new StorageBusy({ pool: "a", volume: "v", heldBy: "resize volume 'v'" }),
    code: 87,
    words: "resource busy",
    reason: new StorageBusy({ pool: "a", volume: "v", heldBy: "resize volume 'v'" }).message
  },
  {
    fault: new RpcRefusal({ code: "NO_DOMAIN", text: "no domain with matching name 'x'" }),
    code: 42,
    words: "Domain not found",
    reason: "no domain with matching name 'x'"
  }
]

describe("an error on the wire", () => {
  test.each(cases)("says '$words' and the reason, each once", ({ fault, code, words, reason }) => {
    const error = errorOf(fault)
    expect(error.code).toBe(code)
    expect(error.message).toBe(`${words}: ${reason}`)
    expect(reason).not.toContain(words)
    expect(error).toMatchObject({ level: 2, str1: `${words}: %s`, str2: reason, str3: null })
  })
})
