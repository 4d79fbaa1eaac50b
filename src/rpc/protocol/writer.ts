/**
 * Writes XDR (RFC 4506) into a buffer that grows. A writer that has failed writes nothing more, so
 * that an encoder needs no branch for each write; whoever began the writing asks `failure` at its
 * end. Values are checked against their bounds: what a peer would refuse is never sent.
 */
import { packetBytesMax } from "./limits.ts"

const utf8 = new TextEncoder()

/** Below this many characters, a loop in JavaScript is faster than an encoder's call. */
const shortTextLength = 24

const padded = (size: number): number => (size + 3) & ~3

export class Writer {
  #bytes: Uint8Array
  #view: DataView
  #offset: number
  #failure: string | undefined
  #field = ""

  /** Writes into `bytes` from `offset` on, and into larger ones if they do not suffice. */
  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#offset = offset
  }

  get failure(): string | undefined {
    return this.#failure
  }

  get field(): string {
    return this.#field
  }

  /** The buffer as it is now; what is written lies before `offset`. */
  get bytes(): Uint8Array {
    return this.#bytes
  }

  get offset(): number {
    return this.#offset
  }

  fail(why: string): void {
    this.#failure ??= why
  }

  within(name: string): void {
    this.#field = this.#field === "" ? name : `${name}.${this.#field}`
  }

  /** Makes room for `size` more bytes; a failure if the whole would be more than one packet. */
  #room(size: number): boolean {
    if (this.#failure !== undefined) return false
    const end = this.#offset + size
    if (end <= this.#bytes.byteLength) return true
    if (end > packetBytesMax) {
      this.fail(`it does not fit into one packet of ${packetBytesMax} bytes`)
      return false
    }
    const larger = new Uint8Array(Math.min(packetBytesMax, Math.max(end, this.#bytes.length * 2)))
    larger.set(this.#bytes.subarray(0, this.#offset))
    this.#bytes = larger
    this.#view = new DataView(larger.buffer)
    return true
  }

  #outside(value: unknown, range: string): void {
    this.fail(`${String(value)} is not ${range}`)
  }

  int(value: number): void {
    if (value !== (value | 0)) return this.#outside(value, "an int")
    if (!this.#room(4)) return
    this.#view.setInt32(this.#offset, value)
    this.#offset += 4
  }

  unsigned(value: number): void {
    if (value !== value >>> 0) return this.#outside(value, "an unsigned int")
    if (!this.#room(4)) return
    this.#view.setUint32(this.#offset, value)
    this.#offset += 4
  }

  intWithin(value: number, least: number, most: number): void {
    if (value < least || value > most) return this.#outside(value, `within ${least} to ${most}`)
    this.int(value)
  }

  hyper(value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asIntN(64, value) !== value) {
      return this.#outside(value, "a hyper")
    }
    if (!this.#room(8)) return
    this.#view.setBigInt64(this.#offset, value)
    this.#offset += 8
  }

  unsignedHyper(value: bigint): void {
    if (typeof value !== "bigint" || BigInt.asUintN(64, value) !== value) {
      return this.#outside(value, "an unsigned hyper")
    }
    if (!this.#room(8)) return
    this.#view.setBigUint64(this.#offset, value)
    this.#offset += 8
  }

  double(value: number): void {
    if (typeof value !== "number") return this.#outside(value, "a double")
    if (!this.#room(8)) return
    this.#view.setFloat64(this.#offset, value)
    this.#offset += 8
  }

  /** The count of elements or bytes that follow. */
  count(count: number, max: number): void {
    if (count > max) return this.fail(`${count} is more than ${max}`)
    this.unsigned(count)
  }

  #padding(size: number): void {
    for (const end = this.#offset + padded(size) - size; this.#offset < end; this.#offset++) {
      this.#bytes[this.#offset] = 0
    }
  }

  /** Bytes as they are, without count or padding: a stream's data, or an encoded payload. */
  raw(value: Uint8Array): void {
    if (!this.#room(value.byteLength)) return
    this.#bytes.set(value, this.#offset)
    this.#offset += value.byteLength
  }

  opaque(value: Uint8Array, size: number): void {
    if (value.byteLength !== size) return this.fail(`${value.byteLength} bytes, and not ${size}`)
    if (!this.#room(padded(size))) return
    if (size > 32) this.#bytes.set(value, this.#offset)
    else for (let at = 0; at < size; at++) this.#bytes[this.#offset + at] = value[at] ?? 0
    this.#offset += size
    this.#padding(size)
  }

  bytesUpTo(value: Uint8Array, max: number): void {
    this.count(value.byteLength, max)
    this.opaque(value, value.byteLength)
  }

  string(value: string, max: number): void {
    if (!this.#isText(value)) return
    // Of ASCII, a character is a byte; whether the bytes are too many is known for certain later.
    if (value.length > max) return this.fail(`${value.length} characters are more than ${max}`)
    if (!this.#room(4 + padded(value.length))) return
    const start = this.#offset
    this.#offset = start + 4
    if (!this.#ascii(value)) this.#encoded(value)
    const size = this.#offset - start - 4
    if (size > max) return this.fail(`${size} bytes are more than ${max}`)
    if (!this.#room(3)) return
    this.#view.setUint32(start, size)
    this.#padding(size)
  }

  /** Well-formed and without a NUL, or a failure. */
  #isText(value: string): boolean {
    if (typeof value !== "string") this.fail("the value is no text")
    else if (!value.isWellFormed()) this.fail("the text has half of a surrogate pair")
    else if (value.includes("\0")) this.fail("the text contains a NUL")
    else return true
    return false
  }

  /** Writes a short text if it is ASCII; says whether it did. There is room for its length. */
  #ascii(value: string): boolean {
    if (value.length > shortTextLength) return false
    const start = this.#offset
    for (let at = 0; at < value.length; at++) {
      const code = value.charCodeAt(at)
      if (code > 0x7f) return false
      this.#bytes[start + at] = code
    }
    this.#offset = start + value.length
    return true
  }

  /** Writes as much as there is room for; the rest, that is of text beyond ASCII, after growing. */
  #encoded(value: string): void {
    let rest = value
    while (rest !== "") {
      const { read, written } = utf8.encodeInto(rest, this.#bytes.subarray(this.#offset))
      this.#offset += written
      rest = rest.slice(read)
      if (rest !== "" && !this.#room(rest.length * 3)) return
    }
  }

  chars(values: Uint8Array): void {
    if (!this.#room(values.byteLength * 4)) return
    for (const value of values) this.int((value << 24) >> 24)
  }

  charBytes(values: Uint8Array, max: number): void {
    this.count(values.byteLength, max)
    this.chars(values)
  }

  /** A C string with its NUL, as many chars as that takes. */
  charText(value: string, max: number): void {
    if (!this.#isText(value)) return
    const bytes = utf8.encode(value)
    this.count(bytes.byteLength + 1, max)
    this.chars(bytes)
    this.int(0)
  }

  /** A C string in exactly `size` chars, the last of which is a NUL. */
  fixedCharText(value: string, size: number): void {
    if (!this.#isText(value)) return
    const bytes = utf8.encode(value)
    if (bytes.byteLength >= size)
      return this.fail(`${bytes.byteLength} bytes and a NUL are more than ${size}`)
    const all = new Uint8Array(size)
    all.set(bytes)
    this.chars(all)
  }
}
