/** What Node's errors of system calls are called here. */

/** Node's own argument errors (a NUL in a path) are the caller's bad input: EINVAL. */
export const errnoName = (cause: unknown): string => {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "EIO"
  return code.startsWith("ERR_") ? "EINVAL" : code
}
