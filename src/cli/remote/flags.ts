/** Flags of libvirt's calls that are used here, as the bits of its headers. */

/** virDomainXMLFlags. */
export const xmlFlags = { secure: 1, inactive: 2 } as const

/** virDomainCreateFlags. */
export const createFlags = { paused: 1, autoDestroy: 2, validate: 16 } as const

/** virDomainDefineFlags. */
export const defineFlags = { validate: 1 } as const

/** virDomainShutdownFlagValues and virDomainRebootFlagValues. */
export const modeFlags = { default: 0, acpi: 1, agent: 2 } as const

/** virDomainDestroyFlagsValues. */
export const destroyFlags = { graceful: 1 } as const

/** virConnectListAllDomainsFlags. */
export const listFlags = {
  active: 1,
  inactive: 2,
  persistent: 4,
  transient: 8,
  autostart: 1024,
  noAutostart: 2048
} as const

/** virDomainModificationImpact; none of them is the state that the domain is in. */
export const affectFlags = { live: 1, config: 2 } as const

/** The bits of those that are wanted. */
export const bits = <Name extends string>(
  table: Readonly<Record<Name, number>>,
  wanted: { readonly [name in Name]?: boolean | undefined }
): number => {
  let flags = 0
  for (const name in table) if (wanted[name] === true) flags |= table[name]
  return flags
}
