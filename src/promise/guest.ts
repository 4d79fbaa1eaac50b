/** Tables of what is asked of a running guest: of its QEMU, and through its agent. */
import type { DomainAgent } from "../engine/agent.ts"
import type { Guest as GuestFace } from "../engine/guest.ts"
import { promised, type Promised, type Table } from "./promised.ts"

const guestTable = {
  blockStats: 1,
  blockInfo: 1,
  diskErrors: 0,
  blockPeek: 3,
  blockResize: 2,
  blockIoTune: 1,
  setBlockIoTune: 2,
  interfaceStats: 1,
  interfaceParameters: 1,
  setLifecycleAction: 2,
  setLinkState: 2,
  memoryStats: 0,
  setMemory: 1,
  setMaximumMemory: 1,
  setMemoryStatsPeriod: 1,
  memoryPeek: 3,
  vcpuCount: 0,
  setVcpuCount: 1,
  vcpuInfo: 0,
  vcpuPins: 0,
  emulatorPin: 0,
  cpuTotal: 0,
  schedulerParameters: 0,
  blkioParameters: 0,
  memoryParameters: 0,
  numaParameters: 0,
  stats: 0,
  jobType: 0,
  controlInfo: 0,
  screenshot: 1,
  sendKey: 1,
  injectNmi: 0,
  monitorCommand: 1
} as const satisfies Table<GuestFace>

/** What is asked of a domain's QEMU, and told to it. */
export type Guest = Promised<GuestFace, typeof guestTable>

export const guestOf = (face: GuestFace): Guest => promised(face, guestTable)

const agentTable = {
  command: 1,
  setResponseTimeout: 1,
  fsFreeze: 1,
  fsThaw: 0,
  fsTrim: 1,
  filesystems: 0,
  time: 0,
  setTime: 1,
  info: 1,
  interfaceAddresses: 1,
  setUserPassword: 3,
  vcpus: 0,
  setVcpus: 2,
  setVcpuCount: 1,
  sshKeys: 1,
  setSshKeys: 3,
  hostname: 0,
  pmSuspend: 1
} as const satisfies Table<DomainAgent>

/** What is asked of the guest itself, through its agent. */
export type Agent = Promised<DomainAgent, typeof agentTable>

export const agentOf = (face: DomainAgent): Agent => promised(face, agentTable)
