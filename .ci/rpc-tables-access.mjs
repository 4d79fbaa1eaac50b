/**
 * Which C functions of libvirt's public interface refuse a read-only connection: always, or for
 * some of their flags. Read from the calls and conditions in the functions' bodies.
 */

const functionPattern = /^(?:\w+ )?\*?(vir[A-Za-z0-9]+)\(([\s\S]*?)^\}/gm

/** The access of each public function in the text of one C file: `write`, `flags` or `read`. */
export const accessOf = (text) =>
  [...text.matchAll(functionPattern)].map(([, name, body]) => {
    // Four columns: a statement of the body itself; more: it stands under a condition.
    if (/^ {4}virCheckReadOnlyGoto/m.test(body)) return [name, "write"]
    const isConditional = /^ {5,}virCheckReadOnlyGoto|flags & VIR_CONNECT_RO/m.test(body)
    return [name, isConditional ? "flags" : "read"]
  })

/** How the name of a procedure and that of its C function are compared: as libvirt's generator. */
export const keyOfFunction = (name) => name.toLowerCase().replace(/qemu/, "")
export const keyOfProcedure = (name) => `vir${name.replaceAll("_", "").toLowerCase()}`
