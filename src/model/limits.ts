/** The bounds of the model, each with its unit and its reason. */

/**
 * Bytes of a name in UTF-8. `NAME.xml.new` and `NAME_VARS.fd.new` must stay below NAME_MAX, 255.
 */
export const nameBytesMax = 240

/**
 * Virtual CPUs. QEMU 8's largest x86 machine has 1024; 4096 leaves room and stops absurd numbers.
 */
export const vcpusMax = 4096

/** KiB of memory: 4 PiB, the reach of 52 physical address bits on x86. */
export const memoryKiBMax = 2 ** 42
