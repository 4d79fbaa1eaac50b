/** Words about devices of the host: which there are, who has them, taking them and giving back. */
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import { given } from "../flags.ts"
import { done, whole } from "./answer.ts"
import { arg, flag, word } from "./word.ts"

const device = arg.text("NODEDEV", "the name of a device, as nodedev-list has it")
const pciDevice = arg.text("PCIDEV", "the name of a PCI device, as pci_0000_03_00_0")

const nodedevList = word({
  word: "nodedev-list",
  about: "List devices of the host",
  args: {},
  flags: {
    capabilities: flag.text("cap", "A,B", "only those that are one of these: pci,usb_device"),
    isTree: flag.is("tree", "each below the one that it is plugged into")
  },
  columns: ["name"],
  call: ({ capabilities, isTree }, { remote }) =>
    Effect.flatMap(
      Effect.promise(() => import("./node-devices.ts")),
      ({ nodeDevices }) => nodeDevices(remote, { capabilities: given(capabilities), isTree })
    )
})

const nodedevDumpxml = word({
  word: "nodedev-dumpxml",
  about: "Print what the host knows of a device, as XML",
  args: { name: device },
  flags: {},
  call: ({ name }, { remote: { call } }) =>
    Effect.map(call("remote", "NODE_DEVICE_GET_XML_DESC", { name, flags: 0 }), (ret) =>
      whole("xml", ret.xml)
    )
})

const nodedevDetach = word({
  word: "nodedev-detach",
  about: "Take a PCI device from its driver, for guests that have it with managed='no'",
  args: { name: pciDevice },
  flags: {
    driver: flag.text("driver", "NAME", "the driver that gets it: vfio, which is the default"),
    isForced: flag.is("force", "although the host uses it")
  },
  call: ({ name, driver, isForced }, { remote }) =>
    Effect.map(
      Effect.flatMap(
        Effect.promise(() => import("./node-devices.ts")),
        ({ detach }) => detach(remote, { name, driver: given(driver), isForced })
      ),
      () => done(name, "is detached")
    )
})

const nodedevReattach = word({
  word: "nodedev-reattach",
  about: "Give a PCI device back to its driver",
  args: { name: pciDevice },
  flags: {},
  call: ({ name }, { remote: { call } }) =>
    Effect.map(call("remote", "NODE_DEVICE_RE_ATTACH", { name }), () =>
      done(name, "is back with the host")
    )
})

const nodedevReset = word({
  word: "nodedev-reset",
  about: "Reset a PCI device that no driver and no guest has",
  args: { name: pciDevice },
  flags: {},
  call: ({ name }, { remote: { call } }) =>
    Effect.map(call("remote", "NODE_DEVICE_RESET", { name }), () => done(name, "is reset"))
})

const hostdevList = word({
  word: "list",
  below: "hostdev",
  about: "List devices that can be given to guests: who has each, and why one cannot be given",
  args: {},
  flags: { isUsable: flag.is("usable", "only those that can be given now") },
  columns: [
    "device",
    { field: "product", head: "NAME/PRODUCT" },
    "state",
    "driver",
    "group",
    "holder",
    { field: "whyNot", head: "WHY NOT" }
  ],
  call: ({ isUsable }, { remote }) =>
    Effect.flatMap(
      Effect.promise(() => import("./hostdevs.ts")),
      ({ hostdevs }) => hostdevs(remote, { isUsable })
    )
})

const hostdev = Command.make("hostdev").pipe(
  Command.withDescription("Look at the devices that can be given to guests"),
  Command.withSubcommands([hostdevList])
)

export const deviceWords = [
  nodedevList,
  nodedevDumpxml,
  nodedevDetach,
  nodedevReattach,
  nodedevReset,
  hostdev
] as const
