/**
 * One program of libvirt's RPC as rows: what the enumeration of its procedures, the comments in it
 * and the names of the types say together.
 */
import { keyOfProcedure } from "./rpc-tables-access.mjs"

const annotations = (comment, word) =>
  [...comment.matchAll(new RegExp(`@${word}: *(\\S+)`, "g"))].map(([, value]) => value)

// Its dispatcher in libvirt is written by hand and opens a stream; its comment does not say so.
const writeStreams = new Set(["DOMAIN_MIGRATE_PREPARE_TUNNEL3_PARAMS"])

const streamOf = (name, comment) => {
  if (writeStreams.has(name)) return "write"
  if (annotations(comment, "readstream").length > 0) return "read"
  return annotations(comment, "writestream").length > 0 ? "write" : undefined
}

const sparseFlagOf = (comment, flags) => {
  const [name] = annotations(comment, "sparseflag")
  if (name === undefined) return undefined
  const value = flags.get(name)
  if (value === undefined) throw new Error(`no value for ${name}`)
  return value
}

const orUndefined = (list) => (list.length > 0 ? list : undefined)

/** The row of a procedure; what is absent is left out. */
const rowOf = ({ entry, prefix, parsed, functions, flags, isNotice }) => {
  const { comment } = entry
  const name = entry.name.slice(`${prefix.toUpperCase()}_PROC_`.length)
  const typeNamed = (suffix) => {
    const type = `${prefix}_${name.toLowerCase()}_${suffix}`
    return parsed.types.has(type) ? type : undefined
  }
  const message = typeNamed("msg")
  const { api, access } = functions.get(keyOfProcedure(name)) ?? {}
  const row = {
    number: entry.value,
    name,
    api,
    isMessage: message !== undefined || isNotice ? true : undefined,
    args: typeNamed("args"),
    ret: typeNamed("ret"),
    message,
    isWrite: access === "write" ? true : undefined,
    isWriteForSome: access === "flags" ? true : undefined,
    isHighPriority: annotations(comment, "priority").includes("high") ? true : undefined,
    stream: streamOf(name, comment),
    sparseFlag: sparseFlagOf(comment, flags),
    acl: orUndefined(annotations(comment, "acl").filter((rule) => rule !== "none")),
    aclFilter: orUndefined(annotations(comment, "aclfilter"))
  }
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined))
}

/** A program: number, version, limits, types and procedures. */
export const programOf = ({ prefix, parsed, functions, flags, isNotice = false }) => {
  const upper = prefix.toUpperCase()
  const entries = parsed.enums.get(`${prefix}_procedure`)
  const rows = entries.map((entry) => rowOf({ entry, prefix, parsed, functions, flags, isNotice }))
  const used = new Set(rows.flatMap(({ args, ret, message }) => [args, ret, message]))
  const loose = [...parsed.types.keys()].filter(
    (type) => /_(args|ret|msg)$/.test(type) && !used.has(type)
  )
  if (loose.length > 0) throw new Error(`of no procedure: ${loose.join(", ")}`)
  const number = parsed.constants.get(`${upper}_PROGRAM`)
  const version = parsed.constants.get(`${upper}_PROTOCOL_VERSION`)
  const limits = [...parsed.constants].filter(([name]) => name.endsWith("_MAX"))
  return { number, version, limits: Object.fromEntries(limits), parsed, procedures: rows }
}
