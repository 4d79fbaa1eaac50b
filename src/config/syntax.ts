/**
 * The syntax of libvirt's configuration files (virconf.c): `name = value` lines with strings, whole
 * numbers and lists. Reads text into entries with their places, and names every line that it cannot
 * read. Knows no key and no type.
 *
 * Strings have no escapes: `"` or `'` to the same quote on the same line, or `"""` over lines. A
 * list may span lines and end in a comma. `#` starts a comment.
 */

export interface Place {
  /** From 1. */
  readonly line: number
  /** From 1, in UTF-16 units. */
  readonly column: number
}

export type Scalar = string | bigint
export type Value = Scalar | readonly Scalar[]

export interface Entry extends Place {
  readonly key: string
  readonly value: Value
  readonly valuePlace: Place
}

/** One thing that is wrong, with the line it is on. */
export interface Problem extends Place {
  readonly message: string
  readonly source: string
}

export interface Parsed {
  readonly entries: readonly Entry[]
  readonly problems: readonly Problem[]
}

/** More items than any real list has; a hostile file is told so instead of being read for ever. */
const listLengthMax = 10_000

/** The problem as people want to see it: place, line, and a caret under the column. */
export const formatProblem = (path: string, problem: Problem): string => {
  const { line, column, message, source } = problem
  // Tabs are kept so that the caret stands under its character at any tab width.
  const indent = source.slice(0, column - 1).replaceAll(/[^\t]/g, " ")
  return `${path}:${line}:${column}: ${message}\n  ${source}\n  ${indent}^`
}

/**
 * Reads the whole text. After an unreadable line it goes on with the next, so that all are named.
 */
export const parseSyntax = (text: string): Parsed => {
  const lines = text.split(/\r\n|\r|\n/)
  const entries: Entry[] = []
  const problems: Problem[] = []
  const reader = new Reader(lines)
  while (reader.skipToStatement()) {
    const entry = reader.statement()
    if ("message" in entry) {
      problems.push(entry)
      reader.nextLine()
    } else entries.push(entry)
  }
  return { entries, problems }
}

const isName = /[A-Za-z][A-Za-z0-9_]*/y
const isNumber = /-?[0-9]+/y
const isBlank = /[ \t]*/y

/** A cursor over lines. A method gives what it has read, or the problem it has met. */
class Reader {
  readonly #lines: readonly string[]
  #line = 0
  #column = 0

  constructor(lines: readonly string[]) {
    this.#lines = lines
  }

  /** False at the end of the text. */
  skipToStatement(): boolean {
    this.#skipBlank(true)
    return this.#line < this.#lines.length
  }

  nextLine(): void {
    this.#line += 1
    this.#column = 0
  }

  statement(): Entry | Problem {
    const start = this.#place()
    const key = this.#match(isName)
    if (key === undefined) return this.#problem("a key is expected here")
    this.#skipBlank(false)
    if (!this.#take("=")) return this.#problem(`'=' is expected after '${key}'`)
    this.#skipBlank(false)
    const valuePlace = this.#place()
    const value = this.#value()
    if (isProblem(value)) return value
    this.#skipBlank(false)
    if (this.#rest() !== "") return this.#problem("the line should end here")
    return { key, value, valuePlace, ...start }
  }

  #value(): Value | Problem {
    return this.#rest().startsWith("[") ? this.#list() : this.#scalar()
  }

  #list(): readonly Scalar[] | Problem {
    const open = this.#place()
    const source = this.#source()
    const items: Scalar[] = []
    this.#take("[")
    this.#skipBlank(true)
    while (!this.#take("]")) {
      if (this.#line >= this.#lines.length)
        return { ...open, source, message: "the list that opens here is not closed" }
      if (items.length === listLengthMax)
        return this.#problem(`a list has at most ${listLengthMax} items`)
      const item = this.#scalar()
      if (isProblem(item)) return item
      items.push(item)
      this.#skipBlank(true)
      const isSeparated = this.#take(",")
      this.#skipBlank(true)
      if (!isSeparated && this.#line < this.#lines.length && !this.#rest().startsWith("]"))
        return this.#problem("',' or ']' is expected here")
    }
    return items
  }

  #scalar(): Scalar | Problem {
    const number = this.#match(isNumber)
    if (number !== undefined) return BigInt(number)
    if (this.#take('"""')) return this.#longString()
    const quote = this.#rest().charAt(0)
    if (quote !== '"' && quote !== "'")
      return this.#problem("a value is expected here: a quoted string, a whole number or a list")
    const end = this.#source().indexOf(quote, this.#column + 1)
    if (end < 0) return this.#problem("the string that opens here is not closed on this line")
    const value = this.#source().slice(this.#column + 1, end)
    this.#column = end + 1
    return value
  }

  #longString(): string | Problem {
    const open = { ...this.#place(), column: this.#column - 2 }
    const source = this.#source()
    const parts: string[] = []
    for (; this.#line < this.#lines.length; this.nextLine()) {
      const end = this.#source().indexOf('"""', this.#column)
      if (end >= 0) {
        parts.push(this.#source().slice(this.#column, end))
        this.#column = end + 3
        return parts.join("\n")
      }
      parts.push(this.#rest())
    }
    return { ...open, source, message: 'the string that opens here with """ is not closed' }
  }

  /** Blanks and a comment; with `isOverLines` whole lines of them too. */
  #skipBlank(isOverLines: boolean): void {
    while (this.#line < this.#lines.length) {
      this.#match(isBlank)
      if (this.#rest().startsWith("#")) this.#column = this.#source().length
      if (!isOverLines || this.#rest() !== "") return
      this.nextLine()
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#column
    const found = pattern.exec(this.#source())?.[0]
    this.#column += found?.length ?? 0
    return found
  }

  #take(text: string): boolean {
    const isThere = this.#source().startsWith(text, this.#column)
    if (isThere) this.#column += text.length
    return isThere
  }

  #source(): string {
    return this.#lines[this.#line] ?? ""
  }

  #rest(): string {
    return this.#source().slice(this.#column)
  }

  #place(): Place {
    return { line: this.#line + 1, column: this.#column + 1 }
  }

  #problem(message: string): Problem {
    return { ...this.#place(), message, source: this.#source() }
  }
}

const isProblem = (value: Value | Problem): value is Problem =>
  typeof value === "object" && "message" in value
