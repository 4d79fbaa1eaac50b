/**
 * SHA-256 (FIPS 180-4) as a pure function of bytes. The one use is a short, fixed name for a long
 * one; the platform's own is asynchronous or bound to Node, and this has to run in the simulated
 * world.
 */

const fraction32 = (root: number): number => ((root - Math.floor(root)) * 2 ** 32) | 0

const primes: readonly number[] = (() => {
  const found: number[] = []
  for (let n = 2; found.length < 64; n++) if (found.every((prime) => n % prime !== 0)) found.push(n)
  return found
})()

// FIPS 180-4, 4.2.2 and 5.3.3: the fractional parts of cube and square roots of the first primes.
const roundConstants = Int32Array.from(primes, (prime) => fraction32(Math.cbrt(prime)))
const initialHash = Int32Array.from(primes.slice(0, 8), (prime) => fraction32(Math.sqrt(prime)))

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by))

const padded = (bytes: Uint8Array): DataView => {
  const length = Math.ceil((bytes.length + 9) / 64) * 64
  const buffer = new Uint8Array(length)
  buffer.set(bytes)
  buffer[bytes.length] = 0x80
  const view = new DataView(buffer.buffer)
  view.setBigUint64(length - 8, BigInt(bytes.length) * 8n)
  return view
}

const at = (words: Int32Array, index: number): number => words[index] ?? 0

const schedule = (block: DataView, offset: number): Int32Array => {
  const w = new Int32Array(64)
  for (let t = 0; t < 16; t++) w[t] = block.getInt32(offset + 4 * t)
  for (let t = 16; t < 64; t++) {
    const a = at(w, t - 15)
    const b = at(w, t - 2)
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10)
    w[t] = at(w, t - 16) + s0 + at(w, t - 7) + s1
  }
  return w
}

const compress = (hash: Int32Array, w: Int32Array): void => {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash
  for (let t = 0; t < 64; t++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + at(roundConstants, t) + at(w, t)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries())
    hash[index] = at(hash, index) + word
}

/** The digest as 64 lower-case hexadecimal digits. */
export const sha256 = (bytes: Uint8Array): string => {
  const view = padded(bytes)
  const hash = Int32Array.from(initialHash)
  for (let offset = 0; offset < view.byteLength; offset += 64)
    compress(hash, schedule(view, offset))
  return Array.from(hash, (word) => (word >>> 0).toString(16).padStart(8, "0")).join("")
}
