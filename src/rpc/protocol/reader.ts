/**
 * Reads XDR (RFC 4506) from bytes. A reader that has failed reads nothing more and gives zeros, so
 * that a decoder needs no branch for each read; whoever began the reading asks `failure` at its
 * end. Never allocates by what a peer declares before the bytes for it are known to be there.
 */
import * as Result from "effect/Result"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Below this many bytes, a loop in JavaScript is faster than a decoder's call. */
const shortTextBytes = 24

const none = new Uint8Array(0)

const padded = (size: number): number => (size + 3) & ~3

export class Reader {
  readonly bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #offset = 0
  #failure: string | undefined
  #field = ""

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#end = bytes.byteLength
  }

  /** Why reading ended, the first reason; undefined as long as all is well. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** Where the first failure was, from the outside in. */
  get field(): string {
    return this.#field
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#end - this.#offset
  }

  fail(why: string): void {
    this.#failure ??= why
  }

  /** Says of a failure in which field it was; called from the inside out. */
  within(name: string): void {
    this.#field = this.#field === "" ? name : `${name}.${this.#field}`
  }

  /** Whether `size` more bytes are there; a failure otherwise. */
  #has(size: number): boolean {
    if (this.#failure !== undefined) return false
    if (size <= this.#end - this.#offset) return true
    this.fail(`${size} bytes are needed, and ${this.remaining} are left`)
    return false
  }

  int(): number {
    if (!this.#has(4)) return 0
    const value = this.#view.getInt32(this.#offset)
    this.#offset += 4
    return value
  }

  unsigned(): number {
    if (!this.#has(4)) return 0
    const value = this.#view.getUint32(this.#offset)
    this.#offset += 4
    return value
  }

  /** An int that lies in a range narrower than its four bytes. */
  intWithin(least: number, most: number): number {
    const value = this.int()
    if (value >= least && value <= most) return value
    this.fail(`${value} is outside of ${least} to ${most}`)
    return 0
  }

  hyper(): bigint {
    if (!this.#has(8)) return 0n
    const value = this.#view.getBigInt64(this.#offset)
    this.#offset += 8
    return value
  }

  unsignedHyper(): bigint {
    if (!this.#has(8)) return 0n
    const value = this.#view.getBigUint64(this.#offset)
    this.#offset += 8
    return value
  }

  double(): number {
    if (!this.#has(8)) return 0
    const value = this.#view.getFloat64(this.#offset)
    this.#offset += 8
    return value
  }

  /** A count of elements or bytes: within its bound, and with as many bytes left as it needs. */
  count(max: number, eachBytes: number): number {
    const count = this.unsigned()
    if (count > max) {
      this.fail(`${count} is more than ${max}`)
      return 0
    }
    return this.#has(count * eachBytes) ? count : 0
  }

  /** The bytes that fill an item up to a multiple of four must be there and be zero. */
  #padding(size: number): void {
    const end = this.#offset + padded(size) - size
    if (end > this.#end) return this.fail("the padding is cut off")
    for (; this.#offset < end; this.#offset++) {
      if (this.bytes[this.#offset] !== 0) return this.fail("the padding is not zero")
    }
  }

  /** A copy of exactly `size` bytes: it does not keep the packet in memory. */
  opaque(size: number): Uint8Array {
    if (!this.#has(size)) return none
    const copy = new Uint8Array(size)
    const from = this.#offset
    if (size > 32) copy.set(this.bytes.subarray(from, from + size))
    else for (let at = 0; at < size; at++) copy[at] = this.bytes[from + at] ?? 0
    this.#offset = from + size
    this.#padding(size)
    return copy
  }

  string(max: number): string {
    const size = this.count(max, 1)
    if (size === 0) return ""
    const text = this.#text(this.bytes, this.#offset, this.#offset + size)
    this.#offset += size
    this.#padding(size)
    return text
  }

  /** UTF-8 without a NUL: a C peer would end the string at it, and mean another one. */
  #text(bytes: Uint8Array, from: number, to: number): string {
    if (to - from <= shortTextBytes) {
      let text = ""
      let at = from
      for (; at < to; at++) {
        const byte = bytes[at] ?? 0
        if (byte === 0 || byte > 0x7f) break
        text += String.fromCharCode(byte)
      }
      if (at === to) return text
    }
    const part = bytes.subarray(from, to)
    const text = decodedText(part)
    if (text === undefined) this.fail("the text is not UTF-8")
    else if (part.includes(0)) this.fail("the text contains a NUL")
    return text ?? ""
  }

  /** `count` of XDR's `char`. Peers differ in whether theirs has a sign, so both are taken. */
  chars(count: number): Uint8Array {
    if (!this.#has(count * 4)) return none
    const values = new Uint8Array(count)
    for (let at = 0; at < count; at++) values[at] = this.intWithin(-128, 255) & 0xff
    return values
  }

  /** A C string in an array of `count` chars: what stands before its NUL, which must be there. */
  charText(count: number): string {
    const values = this.chars(count)
    const end = values.indexOf(0)
    if (end >= 0) return this.#text(values, 0, end)
    if (count > 0) this.fail("the text has no end")
    return ""
  }
}

const decodedText = (bytes: Uint8Array): string | undefined =>
  Result.getOrUndefined(Result.try(() => utf8.decode(bytes)))
