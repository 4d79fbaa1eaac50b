/** The bounds of XML input, each with its unit and its reason. */

/** UTF-16 units of a document: libvirt's own bound on a string in a call, 4 MiB. */
export const documentLengthMax = 4 * 1024 * 1024

/** Elements of a document. The largest definitions seen have about 5,000. */
export const elementsMax = 100_000

/**
 * Levels of nesting: libxml2's own bound. The deepest libvirt element, a backing chain, uses 40.
 */
export const depthMax = 256

/** Attributes of one element. libvirt's richest element has 20. */
export const attributesMax = 256

/** UTF-16 units of a name, prefix included. libvirt's longest has 31; names appear in messages. */
export const nameLengthMax = 256

/** UTF-16 units that are handed to the parser at once: how far it may run past the first error. */
export const sliceLength = 16 * 1024

/** Devices of one domain. The largest guests seen have about 1,500; sorting them is quadratic. */
export const devicesMax = 4096
