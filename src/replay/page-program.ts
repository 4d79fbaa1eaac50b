/**
 * The program of a report's page, as one class that stands by itself: its text is put into the
 * page, so that it refers to nothing of this module and of no other. It makes elements and sets
 * texts, never markup; it asks for nothing and runs nothing that the data say.
 */
import type { PageData, PageRow } from "./page-data.ts"
import type { PageRows } from "./page-rows.ts"
import type { PageStates } from "./page-states.ts"
import type { PageSubjects } from "./page-subjects.ts"
import type { Press, Spot, Surface } from "./page-surface.ts"

type Make<Part> = new (page: Surface, data: PageData) => Part

/** How the page's parts are made: given, for the text of this class names nothing outside. */
interface Parts {
  readonly Rows: Make<PageRows>
  readonly States: Make<PageStates>
  readonly Subjects: Make<PageSubjects>
}

export class PageProgram {
  private readonly page: Surface
  private readonly data: PageData
  private step = -1
  private timer = 0
  private hashTimer = 0
  private readonly times: number[] = []
  private readonly drawing: PageRows
  private readonly states: PageStates
  private readonly subjects: PageSubjects

  constructor(page: Surface, { Rows, States, Subjects }: Parts) {
    this.page = page
    this.data = JSON.parse(this.spot("data").textContent ?? "") as PageData
    this.drawing = new Rows(page, this.data)
    this.states = new States(page, this.data)
    this.subjects = new Subjects(page, this.data)
  }

  open(): void {
    const { data } = this
    let us = 0
    for (const [elapsedUs] of data.rows) {
      us += elapsedUs
      this.times.push(us)
    }
    this.makeLine()
    this.listen()
    this.drawing.mark(this.subjects.rows)
    this.show(this.asked() ?? data.start)
  }

  private spot(id: string): Spot {
    return this.page.document.getElementById(id)
  }

  private word(place: number): string {
    return this.data.words[place] ?? ""
  }

  private element(name: string, content: string): Spot {
    const made = this.page.document.createElement(name)
    made.textContent = content
    return made
  }

  /** The step that the address names. */
  private asked(): number | undefined {
    const found = /^#step=(\d{1,9})$/.exec(this.page.location.hash)
    return found === null ? undefined : Number(found[1]) - this.data.first
  }

  /** A tick for each moment that is worth a look, up to a few hundred. */
  private makeLine(): void {
    const { rows, marks } = this.data
    const line = this.spot("line")
    line.max = String(Math.max(0, rows.length - 1))
    const marked = [...rows.keys()].filter((row) => (rows[row]?.[2] ?? -1) >= 0)
    const shown = marked.toSorted((a, b) => (rows[a]?.[2] ?? 0) - (rows[b]?.[2] ?? 0)).slice(0, 400)
    for (const row of shown) {
      const x = `${(100 * row) / Math.max(1, rows.length - 1)}%`
      const kind = `tick ${marks[rows[row]?.[2] ?? 0] ?? ""}`
      this.spot("ticks").append(
        this.drawing.shape("rect", { class: kind, x, y: 0, width: 3, height: 10 })
      )
    }
  }

  private listen(): void {
    const click = (id: string, task: () => void) => this.spot(id).addEventListener("click", task)
    click("first", () => this.show(0))
    click("back", () => this.show(this.step - 1))
    click("play", () => this.toggle())
    click("on", () => this.show(this.step + 1))
    click("last", () => this.show(this.data.rows.length - 1))
    click("before", () => this.jump(-1))
    click("next", () => this.jump(1))
    click("older", () => this.follow(-1))
    click("newer", () => this.follow(1))
    click("theme", () => this.turnTheme())
    this.spot("line").addEventListener("input", () => this.show(Number(this.spot("line").value)))
    this.spot("actor").addEventListener("change", () => {
      this.spot("follow").checked = false
      this.states.pick()
    })
    this.spot("whole").addEventListener("change", () => {
      this.spot("charts").classList.toggle("whole", this.spot("whole").checked)
      this.states.light(true)
    })
    this.spot("about").addEventListener("change", () => {
      this.subjects.pick()
      this.drawing.mark(this.subjects.rows)
    })
    this.spot("scroller").addEventListener("scroll", () => this.drawing.drawSoon())
    this.page.addEventListener("resize", () => this.drawing.drawSoon())
    this.page.addEventListener("hashchange", () => this.show(this.asked() ?? this.step))
    this.page.document.addEventListener("keydown", (press) => this.pressed(press))
  }

  private pressed(press: Press): void {
    const { key, target, ctrlKey, metaKey, altKey } = press
    const isTyping = target.tagName === "SELECT" || target.getAttribute("type") === "search"
    if (ctrlKey || metaKey || altKey || isTyping) return
    const tasks = new Map<string, () => void>([
      ["ArrowRight", () => this.show(this.step + 1)],
      ["ArrowDown", () => this.show(this.step + 1)],
      ["ArrowLeft", () => this.show(this.step - 1)],
      ["ArrowUp", () => this.show(this.step - 1)],
      ["PageDown", () => this.show(this.step + 10)],
      ["PageUp", () => this.show(this.step - 10)],
      ["Home", () => this.show(0)],
      ["End", () => this.show(this.data.rows.length - 1)],
      [" ", () => this.toggle()],
      ["n", () => this.jump(1)],
      ["p", () => this.jump(-1)],
      ["[", () => this.follow(-1)],
      ["]", () => this.follow(1)],
      ["t", () => this.turnTheme()]
    ])
    const task = tasks.get(key)
    if (task === undefined) return
    press.preventDefault()
    task()
  }

  private turnTheme(): void {
    const { dataset } = this.page.document.documentElement
    const after: { readonly [theme: string]: string } = { auto: "dark", dark: "light" }
    dataset["theme"] = after[dataset["theme"] ?? "auto"] ?? "auto"
    this.spot("theme").textContent = `theme: ${dataset["theme"]}`
  }

  /** Of the words that one looks for, else whatever has a mark. */
  private isStop(row: number): boolean {
    const [, , mark = -1, said = -1, pill = -1, , , , , , to = -1, from = -1] =
      this.data.rows[row] ?? []
    const wanted = this.spot("stop").value.trim().toLowerCase()
    if (wanted === "") return mark >= 0
    const result = this.word(pill)
    // What stands in a turn's pill is a state, or how the turn ended.
    const isTold =
      to < 0 || ["crashed", "restarted", "stopped", "stale", "postponed"].includes(result)
    const words = [this.word(said), isTold ? result : "", this.data.marks[mark] ?? ""]
    if (words.join(" ").toLowerCase().includes(wanted)) return true
    return to >= 0 && this.isEntered(this.word(from), this.word(to), wanted)
  }

  /** Whether a state with this in its name was entered: as story.ts has it. */
  private isEntered(from: string, to: string, wanted: string): boolean {
    const has = (state: string | undefined) => state?.toLowerCase().includes(wanted) === true
    const [before, after] = [from.split(" "), to.split(" ")]
    const isWhole = before.length !== after.length || wanted.includes(" ")
    if (isWhole && has(to) && !has(from)) return true
    return before.length === after.length && after.some((word, at) => has(word) && !has(before[at]))
  }

  private jump(by: 1 | -1): void {
    for (let row = this.step + by; row >= 0 && row < this.data.rows.length; row += by)
      if (this.isStop(row)) return this.show(row)
  }

  /** To what concerns the subject next, or concerned it last. */
  private follow(by: 1 | -1): void {
    this.show(this.subjects.next(this.step, by) ?? this.step)
  }

  private toggle(): void {
    if (this.timer !== 0) return this.halt()
    this.spot("play").textContent = "pause"
    const tick = () => {
      const next = this.step + 1
      this.show(next)
      const isOver = next >= this.data.rows.length - 1 || this.isStop(next)
      if (isOver) this.halt()
      else this.timer = this.page.setTimeout(tick, 350)
    }
    this.timer = this.page.setTimeout(tick, 0)
  }

  private halt(): void {
    this.page.clearTimeout(this.timer)
    this.timer = 0
    this.spot("play").textContent = "play"
  }

  private show(wanted: number): void {
    const { rows, first } = this.data
    const step = Math.max(0, Math.min(rows.length - 1, wanted))
    const isNew = step !== this.step
    this.step = step
    const row = rows[step]
    if (row === undefined) return
    this.spot("line").value = String(step)
    this.tell(row)
    this.states.show(step, this.spot("follow").checked)
    if (isNew) this.drawing.show(step)
    this.page.clearTimeout(this.hashTimer)
    // A browser takes only so many a second.
    this.hashTimer = this.page.setTimeout(
      () => this.page.history.replaceState(null, "", `#step=${first + step}`),
      120
    )
  }

  /** A moment of the wall clock, in ms since 1970. */
  private wall(ms: number): string {
    const style = { dateStyle: "short", timeStyle: "medium", timeZone: "UTC" } as const
    const seconds = new Intl.DateTimeFormat("sv-SE", style).format(ms)
    return `${seconds}.${String(Math.floor(ms) % 1000).padStart(3, "0")} UTC`
  }

  private tell([, , , , , , , , overtakenBy, , to, from, facts]: PageRow): void {
    const { first } = this.data
    const seconds = ((this.times[this.step] ?? 0) / 1e6).toFixed(6)
    const last = first + this.data.rows.length - 1
    this.spot("where").textContent = `#${first + this.step} of #${last}, at ${seconds} s`
    const items: Spot[] = []
    const add = (name: string, value: string) => {
      const pair = this.element("div", "")
      pair.append(this.element("dt", name), this.element("dd", value))
      items.push(pair)
    }
    for (let at = 0; at < facts.length; at += 2)
      add(this.word(facts[at] ?? -1), this.word(facts[at + 1] ?? -1))
    if (to >= 0) add("state", to === from ? this.word(to) : `${this.word(from)} → ${this.word(to)}`)
    if (overtakenBy >= 0) add("overtaken by", `#${first + overtakenBy}`)
    if (this.data.wallMs >= 0)
      add("wall clock", this.wall(this.data.wallMs + (this.times[this.step] ?? 0) / 1000))
    this.spot("facts").replaceChildren(...items)
  }
}
