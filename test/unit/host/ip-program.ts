/** An `ip` that keeps what it is told of a card's virtual functions, as the kernel does. */
import type { FunctionSettings } from "../../../src/host/virtual-function.ts"
import type { Program, Self } from "../../../src/testing/host/program.ts"

export interface TestCard {
  readonly functions: FunctionSettings[]
  /** It refuses to be told that a function has no address. */
  readonly takesNoMac: boolean
}

/** A file that makes it tell functions as older versions do. */
export const oldVersion = "/old-iproute2"

const isOld = (self: Self): boolean => self.has(oldVersion)

/** `ip -j link show` and `ip link set ... vf`. */
export const ipOf = ({ functions, takesNoMac }: TestCard): Program => ({
  start: (self) => {
    const [, first, ...words] = self.argv
    if (first === "-j") {
      const list = functions.map(({ mac, vlan }, vf) =>
        isOld(self) ? { vf, mac, vlan } : { vf, address: mac, vlan_list: [{ vlan, qos: 0 }] }
      )
      self.write(1, JSON.stringify([{ ifname: "eth2", vfinfo_list: list }]))
      return self.exit(0)
    }
    const after = (word: string) => words[words.indexOf(word) + 1] ?? ""
    const index = Number(after("vf"))
    const mac = after("mac")
    if (functions[index] === undefined || (takesNoMac && mac === "00:00:00:00:00:00")) {
      self.write(2, "RTNETLINK answers: Invalid argument\n")
      return self.exit(2)
    }
    functions[index] = { mac, vlan: Number(after("vlan")) }
    self.exit(0)
  }
})
