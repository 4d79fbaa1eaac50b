/** Text as XML has it, for the formats that are XML. Pure. */

const entities: { readonly [sign: string]: string } = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;"
}

/** Quoted. What XML cannot hold at all (controls, halves of characters) must be gone before. */
export const escapeXml = (text: string): string =>
  text.replace(/[&<>"']/g, (sign) => entities[sign] ?? "")
