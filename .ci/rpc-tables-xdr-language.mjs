/**
 * The language of `.x` files (RFC 4506, section 6) as libvirt uses it, to plain data: constants,
 * enumerations, and types as layouts (src/rpc/protocol/layout.ts). What libvirt does not use is an
 * error, not a guess. Comments before the entries of an enumeration are kept: they carry facts.
 */

const scalars = new Map([
  ["int", "int"],
  ["unsigned", "unsigned"],
  ["unsigned int", "unsigned"],
  ["hyper", "hyper"],
  ["unsigned hyper", "unsignedHyper"],
  ["double", "double"],
  ["char", "char"],
  ["unsigned char", "unsignedChar"],
  ["short", "short"],
  ["unsigned short", "unsignedShort"]
])

const tokenPattern = /\/\*[\s\S]*?\*\/|^%.*$|0x[0-9a-fA-F]+|-?\d+|[A-Za-z_]\w*|[{}[\]()<>;:,=*]/gm

const isSpace = (text) => text.trim() === ""

/** Tokens; a comment is a token only inside of an enumeration, where it annotates. */
const tokensOf = (text) => {
  const tokens = []
  let end = 0
  for (const match of text.matchAll(tokenPattern)) {
    const between = text.slice(end, match.index)
    if (!isSpace(between)) throw new Error(`not XDR language: ${JSON.stringify(between.trim())}`)
    end = match.index + match[0].length
    if (!match[0].startsWith("%")) tokens.push(match[0])
  }
  return tokens
}

class Parser {
  constructor(text, constants) {
    this.tokens = tokensOf(text)
    this.position = 0
    this.constants = new Map(constants)
    this.declared = new Map()
    this.types = new Map()
    this.enums = new Map()
  }

  /** The next token that is no comment. */
  peek() {
    while (this.tokens[this.position]?.startsWith("/*")) this.position++
    return this.tokens[this.position]
  }

  next() {
    const token = this.peek()
    if (token === undefined) throw new Error("the file ends within a definition")
    this.position++
    return token
  }

  expect(...words) {
    for (const word of words) {
      const token = this.next()
      if (token !== word) throw new Error(`expected ${word}, found ${token}`)
    }
  }

  accept(word) {
    if (this.peek() !== word) return false
    this.position++
    return true
  }

  value(token) {
    if (/^(-?\d|0x)/.test(token)) return Number(token)
    const value = this.constants.get(token)
    if (value === undefined) throw new Error(`no value for ${token}`)
    return value
  }

  file() {
    while (this.peek() !== undefined) this.definition(this.next())
    return this
  }

  definition(word) {
    if (word === "const") return this.constant()
    if (word === "typedef") {
      const { name, layout } = this.declaration()
      this.expect(";")
      return this.declare(name, layout)
    }
    if (word === "enum") return this.enumeration()
    if (word === "struct") return this.structure()
    if (word === "union") return this.union()
    throw new Error(`no definition begins with ${word}`)
  }

  declare(name, layout) {
    if (this.types.has(name)) throw new Error(`${name} is defined twice`)
    this.types.set(name, layout)
  }

  constant() {
    const name = this.next()
    this.expect("=")
    const value = this.value(this.next())
    this.expect(";")
    this.constants.set(name, value)
    this.declared.set(name, value)
  }

  enumeration() {
    const name = this.next()
    this.expect("{")
    const entries = []
    while (true) {
      const from = this.position
      if (this.accept("}")) break
      // Only the comment that stands directly before an entry annotates it.
      const comment = this.position > from ? this.tokens[this.position - 1] : ""
      const entry = this.next()
      this.expect("=")
      const value = this.value(this.next())
      this.constants.set(entry, value)
      entries.push({ name: entry, value, comment })
      if (!this.accept(",")) {
        this.expect("}")
        break
      }
    }
    this.expect(";")
    this.enums.set(name, entries)
    this.declare(name, "int")
  }

  structure() {
    const name = this.next()
    const fields = {}
    this.expect("{")
    while (!this.accept("}")) {
      const field = this.declaration()
      fields[field.name] = field.layout
      this.expect(";")
    }
    this.expect(";")
    if (Object.keys(fields).length === 0) throw new Error(`${name} has no fields`)
    this.declare(name, { kind: "struct", fields })
  }

  union() {
    const name = this.next()
    this.expect("switch", "(", "int")
    const on = this.next()
    if (on !== "type") throw new Error(`${name}: a discriminant other than "type"`)
    this.expect(")", "{")
    const arms = {}
    while (!this.accept("}")) {
      this.expect("case")
      const value = this.value(this.next())
      this.expect(":")
      arms[value] = this.declaration().layout
      this.expect(";")
    }
    this.expect(";")
    this.declare(name, { kind: "union", arms })
  }

  typeName() {
    const word = this.next()
    if (word !== "unsigned") return scalars.get(word) ?? word
    const two = `unsigned ${this.peek()}`
    if (!scalars.has(two)) return scalars.get(word)
    this.position++
    return scalars.get(two)
  }

  declaration() {
    const type = this.typeName()
    const isOptional = this.accept("*")
    const name = this.next()
    if (isOptional) return { name, layout: { kind: "optional", of: this.known(type) } }
    if (this.accept("[")) {
      const size = this.value(this.next())
      this.expect("]")
      return { name, layout: this.fixed(type, size) }
    }
    if (this.accept("<")) {
      const bound = this.next()
      this.expect(">")
      return { name, layout: this.bounded(type, bound) }
    }
    return { name, layout: this.known(type) }
  }

  known(type) {
    const isKnown = [...scalars.values()].includes(type) || this.types.has(type)
    if (!isKnown) throw new Error(`no type ${type}`)
    return type
  }

  fixed(type, size) {
    if (type === "opaque") return { kind: "opaque", size }
    if (type === "char") return { kind: "fixedText", size }
    throw new Error(`an array of ${size} ${type}: only opaque and char are known`)
  }

  /**
   * Characters that carry SASL's exchange are any bytes; all others are a C string with its NUL.
   */
  bounded(type, bound) {
    const max = this.value(bound)
    if (type === "string") return { kind: "string", max }
    if (type === "opaque") return { kind: "bytes", max }
    if (type === "char") return { kind: bound.includes("SASL") ? "charBytes" : "text", max }
    return { kind: "array", of: this.known(type), max }
  }
}

/**
 * Constants, enumerations and types of one `.x` file. `constants` and `types` are those that it
 * takes from elsewhere; types must stand before their use, so that none can contain itself.
 */
export const parseXdr = (text, constants, types = new Map()) => {
  const parser = new Parser(text, constants)
  for (const [name, layout] of types) parser.types.set(name, layout)
  parser.file()
  const own = [...parser.types].filter(([name]) => !types.has(name))
  return { constants: parser.declared, types: new Map(own), enums: parser.enums }
}
