/**
 * Guests on a host with devices, and an engine that may be killed: a card is plugged into the one
 * guest that most need, or out, while something goes wrong, and afterwards host, QEMU, pool and
 * definition must agree.
 */
import * as Effect from "effect/Effect"
import type { Domain } from "../../../src/engine/handle.ts"
import { deviceShapes } from "../../../src/testing/host/device-shapes.ts"
import type { PlannedFault, Seam } from "../../../src/testing/fault.ts"
import { listed } from "../../../src/testing/strategy/listed.ts"
import type { Strategy } from "../../../src/testing/strategy/strategy.ts"
import type { Devices } from "../../../src/testing/host/sysfs.ts"
import { type Answer, guestXml, Stage } from "./stage.ts"

export const card = "0000:03:00.0"

export const cardXml = [
  "<hostdev mode='subsystem' type='pci' managed='yes'><source>",
  "<address domain='0x0000' bus='0x03' slot='0x00' function='0x0'/></source></hostdev>"
].join("")

export const seams: readonly Seam[] = ["file", "spawn", "socket", "qmp"]

export class Bench extends Stage {
  constructor(
    faults: readonly PlannedFault[] = [],
    devices: Devices = deviceShapes.twoCards,
    strategy: Strategy = listed([])
  ) {
    super({ devices, faults, strategy })
  }

  /** Asks something of the guest, and runs to the answer or to the end of the engine. */
  ask(deed: (domain: Domain) => Effect.Effect<unknown, unknown>): Answer {
    return this.on("web", deed)
  }

  /** Asks, and waits for nothing. */
  begin(deed: (domain: Domain) => Effect.Effect<unknown, unknown>): void {
    this.beginCall((engine) => Effect.flatMap(engine.lookup({ name: "web" }), deed))
  }

  readonly attach = () => this.ask((domain) => domain.attachDevice(cardXml))
  readonly detach = () => this.ask((domain) => domain.detachDevice(cardXml))

  /** A guest that is up. */
  start(devices = ""): void {
    this.open()
    this.beginCall((engine) => engine.defineXML(guestXml(devices)))
    this.pass(1_000)
    const started = this.ask((domain) => domain.start())
    if (started !== "done") throw new Error(JSON.stringify(started))
    this.pass(2_000)
  }

  /** How the card stands, as each of those who have a say in it sees it. */
  get views() {
    const xml = this.xmlOf("web")
    const standing = this.host.pci.get(card)
    return {
      // A domain that is off has a definition too, and no guest.
      isInDefinition: /^<domain[^>]* id=/.test(xml) && xml.includes("<hostdev"),
      isInQemu: standing?.user !== undefined,
      isHome: standing?.driver === standing?.home.driver,
      state: this.stateOf(card),
      remembered: this.records
    }
  }

  /** As the list of host devices has it. */
  stateOf(address: string): string | undefined {
    return this.row(address)?.state
  }
}
