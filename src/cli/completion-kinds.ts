/** Kinds of names that shells complete, and the argument of a command that takes one. */
export const argumentOf = {
  domains: "DOMAIN",
  pools: "POOL",
  devices: "NODEDEV",
  "pci-devices": "PCIDEV"
} as const

export type Kind = keyof typeof argumentOf

const isKind = (word: string): word is Kind => Object.hasOwn(argumentOf, word)

export const nameKinds: readonly Kind[] = Object.keys(argumentOf).filter(isKind)
