/** I36: the engine changes nothing on the host's disk but beneath its root. */
import { simulatedRoot } from "../simulation/lives.ts"
import type { Invariant } from "../simulation/view.ts"

const changing =
  /^(open|write|rename|unlink|symlink|mkdir|rmdir|chmod|chown|truncate|lock|bind) (.*)$/

/** No way leads out of the root but by `..`; links of ours are relative and stay within. */
const isBeneath = (path: string): boolean =>
  (path === simulatedRoot || path.startsWith(`${simulatedRoot}/`)) &&
  !path.split("/").includes("..")

/** What takes a function from its driver, gives it back, and resets it. */
const driverFiles = new RegExp(
  "^/sys/bus/(pci|usb)/drivers_probe( ends)?$|" +
    "^/sys/bus/pci/devices/[^/]+/(driver_override|driver/unbind|reset)( ends)?$"
)

/** Made by the kernel, for whoever opens functions by VFIO. */
const isOfKernel = (path: string): boolean => /^\/(sys|dev\/vfio)\//.test(path)

export const pathConfined: Invariant = {
  id: "I36",
  name: "PathConfined",
  statement:
    "Every path that the engine opens, makes, writes, renames, removes, locks or binds lies " +
    "beneath its root, or is an attribute by which devices change drivers; and nothing " +
    "else on the disk is there at the end that was not there before.",
  make: () => ({
    step: (_, label) => {
      const [, operation, path] = changing.exec(label) ?? []
      return path === undefined || isBeneath(path) || driverFiles.test(path)
        ? undefined
        : `'${operation}' of ${path}, which is outside of ${simulatedRoot}`
    },
    ended: ({ host }) => {
      const above = new Set(
        simulatedRoot.split("/").map((_, at, all) => all.slice(0, at + 1).join("/"))
      )
      const stray = host
        .inventory()
        .paths.find((path) => !isBeneath(path) && !above.has(path) && !isOfKernel(path))
      return stray && `${stray} was left outside of ${simulatedRoot}`
    }
  })
}
