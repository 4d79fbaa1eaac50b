/**
 * What `troupe/testing` offers: a world in which anybody's actors and effects are tested, and in it
 * a host, a QEMU and the whole engine, under schedules and faults that replay.
 */
export { arbitraries, type Arbitraries } from "./arbitraries/arbitraries.ts"
export { type Space, walk, type Walk, type WalkOptions } from "./chart-space.ts"
export { coverPlan } from "./coverage/cover-plan.ts"
export { type Coverage, mergeCoverage, noCoverage } from "./coverage/coverage.ts"
export { type Floor, floorOf, floorText, missing } from "./coverage/floor.ts"
export { CoverageRecorder } from "./coverage/recorder.ts"
export { coverageText } from "./coverage/report.ts"
export {
  type Exploration,
  explore,
  exploreReduced,
  ScheduleFailed
} from "./explore.ts"
export {
  type FaultName,
  Faults,
  type FaultsBySeam,
  type MetFault,
  type PlannedFault,
  type Seam
} from "./fault.ts"
export { type ApiCall, type CallName, slotName, slotUuid } from "./history/api-call.ts"
export { checkHistory } from "./history/check-history.ts"
export {
  linearizable,
  type LinearizableOptions,
  type SequentialModel,
  type TimedCall,
  type Verdict
} from "./history/linearizable.ts"
export type { History, Operation, OperationResult } from "./history/operation.ts"
export { Files } from "../host/files.ts"
export { Processes } from "../host/process.ts"
export { Sockets } from "../host/socket.ts"
export {
  card,
  type DeviceShape,
  deviceShapes,
  manyCards,
  twin
} from "./host/device-shapes.ts"
export { MemoryDisk } from "./host/disk.ts"
export {
  type EngineProcess,
  type Inventory,
  SimulatedHost,
  type SimulatedHostOptions
} from "./host/host.ts"
export { PciKernel, type PciKernelOptions, type PciStanding } from "./host/pci-kernel.ts"
export type { Program as HostProgram, Self, Stream } from "./host/program.ts"
export {
  type Devices,
  type PciDevice,
  type PciQuirks,
  unplug,
  type UsbDevice,
  writeDevices
} from "./host/sysfs.ts"
export { replaysIdentically } from "./invariants/i39-replay-identity.ts"
export { invariants } from "./invariants/index.ts"
export { accept, type TraceEntry, type Verdict as Acceptance } from "./qemu/accept.ts"
export { SimulatedQemu } from "./qemu/simulated-qemu.ts"
export { Realm } from "./realm.ts"
export * from "./simulation/index.ts"
export { type Traced, tracePlan, type TracePlanOptions } from "./simulation/trace-plan.ts"
export { type Delay, delayed, type DelayedOptions, moreDelayed } from "./strategy/delayed.ts"
export { fifo, listed } from "./strategy/listed.ts"
export { mixed } from "./strategy/mixed.ts"
export { pct } from "./strategy/pct.ts"
export type { Candidate, Strategy } from "./strategy/strategy.ts"
export { swizzle } from "./strategy/swizzle.ts"
export { uniform } from "./strategy/uniform.ts"
export { stepsMaxDefault, wallOriginMs, World, type WorldOptions } from "./world.ts"
export { TraceError } from "../trace/error.ts"
export { readTrace } from "../trace/read.ts"
export type { NoteEntry, Trace, TraceHeader, TurnEntry } from "../trace/trace.ts"
export { writeTrace } from "../trace/write.ts"
