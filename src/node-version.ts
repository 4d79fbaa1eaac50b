/**
 * Which Node runs Troupe. Imports nothing: an older Node must be able to read it, so as to say what
 * is wrong rather than die of the first thing that it lacks.
 */

const majorMin = 24

/** What is said of a Node that is too old; undefined of one that is not. */
export const olderNode = (version: string): string | undefined =>
  Number.parseInt(version, 10) < majorMin
    ? `troupe: Node ${majorMin} or newer is needed; this is ${version}\n`
    : undefined
