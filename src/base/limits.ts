/**
 * Bounds that several folders share, each with its unit and its reason. A bound that only one
 * folder needs stands in that folder. Relations between bounds are checked when this file is
 * loaded.
 */

/** Linux NAME_MAX: the longest name of one directory entry. */
export const fileNameBytesMax = 255

/** `sun_path` of a UNIX socket address is 108 bytes, of which the last one is NUL. */
export const socketPathBytesMax = 107

/** libvirt's own limit for one XML document (VIR_DOMAIN_XML_MAX is the RPC string limit, 4 MiB). */
export const definitionBytesMax = 4 * 1024 * 1024

/**
 * A status record holds one live definition, JSON-escaped (at worst six bytes for one), and little
 * else.
 */
export const statusBytesMax = 6 * definitionBytesMax + 64 * 1024

/**
 * The largest file that libvirt's own configuration reader takes is 10 MiB; a real one has 30 KiB.
 */
export const configBytesMax = 10 * 1024 * 1024

/**
 * Files read at once while the definitions are indexed: enough to keep a disk busy, few enough to
 * leave the four threads of the pool to others in between.
 */
export const indexConcurrency = 32

/** Definitions indexed between two breaths of the event loop: about 5 ms of work. */
export const indexBatch = 64

if (indexBatch < indexConcurrency)
  throw new Error("a batch of the index is at least its concurrency")
if (statusBytesMax < definitionBytesMax) throw new Error("a status record holds a definition")
