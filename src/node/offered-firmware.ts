/** Which firmware a guest may boot with, and how it may be named. By trial, as all offers. */
import type { DomainCapabilitiesText } from "../xml/domain-capabilities.ts"
import { canHave, thoseHad, tried, type TrialGround } from "./trial.ts"

/** The image that a definition gets that leaves the choice to a host with just this one. */
const imagesOf = (ground: TrialGround, interfaceType: "bios" | "efi"): readonly string[] =>
  ground.firmwares.flatMap((firmware) => {
    const domain = tried(
      { ...ground, firmwares: [firmware] },
      { osAttributes: `firmware='${interfaceType}'` }
    )
    const path = domain?.os.loader?.path
    return path === undefined ? [] : [path]
  })

const loader = (attributes: string) => ({ os: `<loader ${attributes}>/image</loader>` })

const secureLoader = (secure: string) => ({
  osAttributes: "firmware='efi'",
  os: `<loader secure='${secure}'/>`
})

export const offeredFirmware = (ground: TrialGround): DomainCapabilitiesText["os"] => {
  const efi = imagesOf(ground, "efi")
  const bios = imagesOf(ground, "bios")
  const secure = canHave(ground, secureLoader("yes")) ? ["yes"] : []
  return {
    firmware: [...(bios.length > 0 ? ["bios"] : []), ...(efi.length > 0 ? ["efi"] : [])],
    loaders: [...new Set(efi)],
    enums: {
      type: thoseHad(ground, ["rom", "pflash"], (type) =>
        loader(type === "rom" ? "type='rom'" : "type='pflash' readonly='yes'")
      ),
      readonly: thoseHad(ground, ["yes", "no"], (value) =>
        loader(`type='pflash' readonly='${value}'`)
      ),
      secure: [...secure, "no"]
    }
  }
}
