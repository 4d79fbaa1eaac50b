/**
 * Answers that are given again and again as they are: they are encoded once, and then copied. Who
 * makes one says so, and gives the same object for as long as it holds.
 */

const payloads = new WeakMap<object, Uint8Array | undefined>()

/** The same value, whose encoded form is kept as long as the value itself. It must not change. */
export const keepEncoded = <A extends object>(value: A): A => {
  payloads.set(value, undefined)
  return value
}

/** The payload that has been kept of a value, if there is one. */
export const payloadOf = (value: unknown): Uint8Array | undefined =>
  typeof value === "object" && value !== null ? payloads.get(value) : undefined

/** Remembers the payload of a value that is to be kept; of others it does nothing. */
export const rememberPayload = (value: unknown, payload: () => Uint8Array): void => {
  if (typeof value === "object" && value !== null && payloads.has(value))
    payloads.set(value, payload())
}
