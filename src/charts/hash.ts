/**
 * A short name for a text: 106 bits of two multiplicative hashes. Tells layouts apart, and keeps no
 * secret: whoever makes two texts of one name gets a picture of the wrong places. Pure.
 */

/** cyrb53 (public domain, bryc): two lanes of 32 bits, mixed at the end. */
function lanes(text: string, seed: number): string {
  let one = 0xdeadbeef ^ seed
  let two = 0x41c6ce57 ^ seed
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    one = Math.imul(one ^ code, 2654435761)
    two = Math.imul(two ^ code, 1597334677)
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909)
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909)
  return ((two >>> 11) * 2 ** 32 + (one >>> 0)).toString(36).padStart(11, "0")
}

export const hash = (text: string): string => lanes(text, 0) + lanes(text, 1)
