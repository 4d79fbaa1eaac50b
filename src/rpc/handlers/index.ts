/** All that is served: each family of procedures is one file beside this one. */
import type { Handlers } from "../server/handler.ts"
import { guestAgent } from "./agent.ts"
import { capabilities } from "./capabilities.ts"
import { connect } from "./connect.ts"
import { guestConsole } from "./console.ts"
import { domain } from "./domain.ts"
import { events } from "./events.ts"
import { guestBlock } from "./guest-block.ts"
import { guestDevice } from "./guest-device.ts"
import { domainDevices } from "./domain-devices.ts"
import { guestMemory } from "./guest-memory.ts"
import { guestScreen } from "./guest-screen.ts"
import { guestStats } from "./guest-stats.ts"
import { guestTune } from "./guest-tune.ts"
import { guestVcpus } from "./guest-vcpus.ts"
import { hostdev } from "./hostdev.ts"
import { networkInterface } from "./interface.ts"
import { native } from "./native.ts"
import { network } from "./network.ts"
import { node } from "./node.ts"
import { nodeDevice } from "./node-device.ts"
import { nwfilter } from "./nwfilter.ts"
import { qemuMonitor } from "./qemu-monitor.ts"
import { secret } from "./secret.ts"
import { storageCapabilities } from "./storage-capabilities.ts"
import { storageContent } from "./storage-content.ts"
import { storageEvents } from "./storage-events.ts"
import { storagePools } from "./storage-pools.ts"
import { storageVolumes } from "./storage-volumes.ts"

export const families: readonly Handlers[] = [
  ...domain,
  capabilities,
  connect,
  events,
  guestAgent,
  guestBlock,
  guestConsole,
  guestDevice,
  domainDevices,
  guestMemory,
  guestScreen,
  guestStats,
  guestTune,
  guestVcpus,
  hostdev,
  native,
  network,
  networkInterface,
  node,
  nodeDevice,
  nwfilter,
  qemuMonitor,
  secret,
  storageCapabilities,
  storageContent,
  storageEvents,
  storagePools,
  storageVolumes
]
