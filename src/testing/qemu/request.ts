/**
 * Bytes to QMP requests, as QEMU reads them: not by lines but by balanced brackets, single quotes
 * allowed, and each error in QEMU's words (json-lexer.c, json-streamer.c, json-parser.c,
 * qmp-dispatch.c). A request that cannot be read is answered without an id, unless it told one.
 */
import * as Result from "effect/Result"
import { isObject, type Json, type JsonObject } from "../../qmp/json.ts"
import { refusal, type Reply } from "./model.ts"

export type Request =
  | {
      readonly kind: "command"
      readonly execute: string
      readonly words: JsonObject
      readonly id: Json | undefined
    }
  /** It could not be read: this is its answer. */
  | { readonly kind: "bad"; readonly reply: Reply; readonly id: Json | undefined }

interface Token {
  readonly kind: "{" | "}" | "[" | "]" | ":" | "," | "text" | "number" | "word" | "stray"
  readonly text: string
}

const structural = "{}[]:,"
const number = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/
const numberPart = /[-+.0-9a-zA-Z]/
const letter = /[a-z]/
const blank = /[ \t\r\n]/

/** Takes text in any pieces and gives requests as they become complete. */
export class Requests {
  private readonly decoder = new TextDecoder()
  private rest = ""
  private tokens: Token[] = []
  private braces = 0
  private brackets = 0
  /** After an error the lexer skips until something structural, or a control character. */
  private isRecovering = false

  feed(bytes: Uint8Array): readonly Request[] {
    this.rest += this.decoder.decode(bytes, { stream: true })
    const requests: Request[] = []
    for (;;) {
      const token = this.token()
      if (token === undefined) return requests
      const request = this.take(token)
      if (request !== undefined) requests.push(request)
    }
  }

  private take(token: Token): Request | undefined {
    if (token.kind === "stray") {
      this.isRecovering = true
      this.flush()
      return bad(`JSON parse error, stray '${token.text}'`)
    }
    this.tokens.push(token)
    if (token.kind === "{") this.braces++
    if (token.kind === "}") this.braces--
    if (token.kind === "[") this.brackets++
    if (token.kind === "]") this.brackets--
    const isOpen = this.braces >= 0 && this.brackets >= 0 && this.braces + this.brackets > 0
    if (isOpen) return undefined
    const { tokens } = this
    this.flush()
    const parsed = parse(tokens)
    return Result.isSuccess(parsed) ? checked(parsed.success) : bad(parsed.failure)
  }

  private flush(): void {
    this.tokens = []
    this.braces = 0
    this.brackets = 0
  }

  private token(): Token | undefined {
    this.skip()
    const first = this.rest[0]
    if (first === undefined) return undefined
    if (structural.includes(first)) return this.cut(first as Token["kind"], 1)
    if (first === '"' || first === "'") return this.quoted(first)
    if (/[-0-9]/.test(first)) return this.run("number", numberPart)
    if (letter.test(first)) return this.run("word", letter)
    return this.cut("stray", 1)
  }

  private skip(): void {
    let from = 0
    for (; from < this.rest.length; from++) {
      const one = this.rest[from] ?? ""
      if (this.isRecovering && (structural.includes(one) || one < " ")) this.isRecovering = false
      if (!this.isRecovering && !blank.test(one)) break
    }
    this.rest = this.rest.slice(from)
  }

  private cut(kind: Token["kind"], size: number): Token {
    const text = this.rest.slice(0, size)
    this.rest = this.rest.slice(size)
    return { kind, text }
  }

  /** It ends with the first character that is none of it; until one has come it may go on. */
  private run(kind: "number" | "word", part: RegExp): Token | undefined {
    let size = 1
    while (part.test(this.rest[size] ?? "")) size++
    if (size === this.rest.length) return undefined
    const isNumber = kind === "word" || number.test(this.rest.slice(0, size))
    return this.cut(isNumber ? kind : "stray", size)
  }

  private quoted(quote: string): Token | undefined {
    for (let at = 1; at < this.rest.length; at++) {
      const one = this.rest[at] ?? ""
      if (one < " ") return this.cut("stray", at + 1)
      if (one === quote) return this.cut("text", at + 1)
      if (one === "\\") at++
    }
    return undefined
  }
}

const bad = (desc: string, id?: Json): Request => ({ kind: "bad", reply: refusal(desc), id })

type Parsed = Result.Result<Json, string>

const wrong = (what: string): Parsed => Result.fail(`JSON parse error, ${what}`)

const escapes: { readonly [letter: string]: string } = {
  '"': '"',
  "'": "'",
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t"
}

const textOf = (quoted: string): Parsed => {
  let text = ""
  for (let at = 1; at < quoted.length - 1; at++) {
    const one = quoted[at] ?? ""
    if (one !== "\\") {
      text += one
      continue
    }
    const kind = quoted[++at] ?? ""
    const code = kind === "u" ? /^[0-9a-fA-F]{4}/.exec(quoted.slice(at + 1))?.[0] : undefined
    const meant =
      code === undefined ? escapes[kind] : String.fromCharCode(Number.parseInt(code, 16))
    if (meant === undefined) return wrong("invalid escape sequence in string")
    text += meant
    if (code !== undefined) at += 4
  }
  return Result.succeed(text)
}

/** A recursive descent over one balanced list of tokens. */
const parse = (tokens: readonly Token[]): Parsed => {
  let at = 0
  const kind = () => tokens[at]?.kind
  const value = (): Parsed => {
    const token = tokens[at++]
    switch (token?.kind) {
      case "{":
        return object()
      case "[":
        return list()
      case "text":
        return textOf(token.text)
      case "number":
        return Result.succeed(Number(token.text))
      case "word":
        return word(token.text)
      default:
        return wrong("expecting value")
    }
  }
  const object = (): Parsed => {
    const members = new Map<string, Json>()
    if (kind() === "}") return (at++, Result.succeed({}))
    for (;;) {
      const name = value()
      if (Result.isFailure(name)) return name
      if (typeof name.success !== "string") return wrong("key is not a string in object")
      if (tokens[at++]?.kind !== ":") return wrong("missing : in object pair")
      const member = value()
      if (Result.isFailure(member)) return member
      if (members.has(name.success)) return wrong("duplicate key")
      members.set(name.success, member.success)
      const next = tokens[at++]?.kind
      if (next === "}") return Result.succeed(Object.fromEntries(members))
      if (next !== ",") return wrong("expected separator in dict")
    }
  }
  const list = (): Parsed => {
    const items: Json[] = []
    if (kind() === "]") return (at++, Result.succeed(items))
    for (;;) {
      const item = value()
      if (Result.isFailure(item)) return item
      items.push(item.success)
      const next = tokens[at++]?.kind
      if (next === "]") return Result.succeed(items)
      if (next !== ",") return wrong("expected separator in list")
    }
  }
  return value()
}

const word = (text: string): Parsed => {
  if (text === "true" || text === "false") return Result.succeed(text === "true")
  return text === "null" ? Result.succeed(null) : wrong(`invalid keyword '${text}'`)
}

/** `qmp_dispatch_check_obj`. */
const checked = (value: Json): Request => {
  if (!isObject(value)) return bad("QMP input must be a JSON object")
  const { id } = value
  for (const [name, member] of Object.entries(value)) {
    if (name === "execute" && typeof member !== "string")
      return bad("QMP input member 'execute' must be a string", id)
    if (name === "arguments" && !isObject(member))
      return bad("QMP input member 'arguments' must be an object", id)
    if (!["execute", "arguments", "id"].includes(name))
      return bad(`QMP input member '${name}' is unexpected`, id)
  }
  const { execute, arguments: words } = value
  if (typeof execute !== "string") return bad("QMP input lacks member 'execute'", id)
  return { kind: "command", execute, words: isObject(words) ? words : {}, id }
}
