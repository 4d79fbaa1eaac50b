/** What the host needs of its devices, as a list that is made by several and asked by place. */

/** Something of the host's that is in use, and where it is below /sys/devices. */
export interface HostUse {
  readonly path: string
  /** Part of a sentence about any device that it is behind: `its disk sda is mounted at '/'`. */
  readonly why: string
}

/** Why the host needs what is at this place, or behind it. */
export const useAt = (place: string, uses: readonly HostUse[]): string | undefined =>
  uses.find(({ path }) => `${path}/`.startsWith(`${place}/`))?.why
