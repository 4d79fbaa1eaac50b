/**
 * The program of a report's page, as one class that stands by itself: its text is put into the
 * page, so that it refers to nothing of this module and of no other. It makes elements and sets
 * texts, never markup; it asks for nothing and runs nothing that the data say.
 */
import type { PageData, PageRow } from "./page-data.ts"
import type { PageRows } from "./page-rows.ts"
import type { Press, Spot, Surface } from "./page-surface.ts"

/** How what draws the rows is made: given, for the text of this class names nothing outside. */
type MakeRows = new (page: Surface, data: PageData) => PageRows

export class PageProgram {
  private readonly page: Surface
  private readonly data: PageData
  private step = -1
  private actor = -1
  private timer = 0
  private hashTimer = 0
  private readonly times: number[] = []
  /** Of each lane, the rows that say its state. */
  private readonly turns: number[][] = []
  private readonly charts = new Map<string, { figure: Spot; states: Map<string, Spot> }>()
  private readonly cells: Spot[] = []
  private active: Spot[] = []
  private readonly drawing: PageRows

  constructor(page: Surface, Rows: MakeRows) {
    this.page = page
    this.data = JSON.parse(this.spot("data").textContent ?? "") as PageData
    this.drawing = new Rows(page, this.data)
  }

  open(): void {
    const { data } = this
    let us = 0
    for (const [row, [elapsedUs, lane, , , , , , , , , to]] of data.rows.entries()) {
      us += elapsedUs
      this.times.push(us)
      if (to >= 0) (this.turns[lane] ??= []).push(row)
    }
    this.makeStates()
    this.makeLine()
    this.listen()
    const actors = [...data.lanes.keys()].filter((lane) => data.lanes[lane]?.machine !== "")
    this.choose(actors.toSorted((a, b) => this.turnsOf(b).length - this.turnsOf(a).length)[0] ?? -1)
    this.show(this.asked() ?? data.start)
  }

  private spot(id: string): Spot {
    return this.page.document.getElementById(id)
  }

  private word(place: number): string {
    return this.data.words[place] ?? ""
  }

  private turnsOf(lane: number): readonly number[] {
    return this.turns[lane] ?? []
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

  /** Charts by machine, and a line for each actor. */
  private makeStates(): void {
    for (const figure of this.page.document.querySelectorAll("figure[data-machine]")) {
      const states = new Map<string, Spot>()
      for (const state of figure.querySelectorAll("[data-state]"))
        states.set(state.getAttribute("data-state") ?? "", state)
      this.charts.set(figure.dataset["machine"] ?? "", { figure, states })
    }
    for (const [place, { name, isActor, machine }] of this.data.lanes.entries()) {
      if (!isActor) continue
      const row = this.element("tr", "")
      const cell = this.element("td", "")
      row.append(this.element("th", name), cell)
      row.dataset["lane"] = String(place)
      this.cells[place] = cell
      this.spot("states").append(row)
      if (machine === "") continue
      const option = this.element("option", name)
      option.value = String(place)
      this.spot("actor").append(option)
    }
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
    click("theme", () => this.turnTheme())
    this.spot("line").addEventListener("input", () => this.show(Number(this.spot("line").value)))
    this.spot("actor").addEventListener("change", () => {
      this.spot("follow").checked = false
      this.choose(Number(this.spot("actor").value))
      this.light(true)
    })
    this.spot("whole").addEventListener("change", () => {
      this.spot("charts").classList.toggle("whole", this.spot("whole").checked)
      this.light(true)
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
    const [, , mark = -1, said = -1, pill = -1, , , , , , to = -1] = this.data.rows[row] ?? []
    const wanted = this.spot("stop").value.trim().toLowerCase()
    if (wanted === "") return mark >= 0
    const words = [said, pill, to].map((place) => this.word(place))
    return [...words, this.data.marks[mark] ?? ""].join(" ").toLowerCase().includes(wanted)
  }

  private jump(by: 1 | -1): void {
    for (let row = this.step + by; row >= 0 && row < this.data.rows.length; row += by)
      if (this.isStop(row)) return this.show(row)
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
    const { rows, lanes, first } = this.data
    const step = Math.max(0, Math.min(rows.length - 1, wanted))
    const isNew = step !== this.step
    this.step = step
    const row = rows[step]
    if (row === undefined) return
    const lane = row[1]
    const isFollowed = this.spot("follow").checked && (lanes[lane]?.machine ?? "") !== ""
    if (isFollowed && lane !== this.actor) this.choose(lane)
    this.spot("line").value = String(step)
    this.tell(row)
    this.light(isFollowed)
    if (isNew) this.drawing.show(step)
    this.page.clearTimeout(this.hashTimer)
    // A browser takes only so many a second.
    this.hashTimer = this.page.setTimeout(
      () => this.page.history.replaceState(null, "", `#step=${first + step}`),
      120
    )
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
    this.spot("facts").replaceChildren(...items)
  }

  /** The place in `words` of an actor's state at this step; -1 where the trace does not say. */
  private stateOf(lane: number): number {
    const rows = this.turnsOf(lane)
    let [low, high] = [0, rows.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((rows[middle] ?? 0) <= this.step) low = middle + 1
      else high = middle
    }
    const lifeOf = (row: number) => this.data.lives.filter((begin) => begin <= row).length
    const [before, after] = [rows[low - 1], rows[low]]
    const life = lifeOf(this.step)
    if (before !== undefined && lifeOf(before) === life) return this.data.rows[before]?.[10] ?? -1
    if (after !== undefined && lifeOf(after) === life) return this.data.rows[after]?.[11] ?? -1
    return -1
  }

  private choose(lane: number): void {
    this.actor = lane
    this.spot("actor").value = String(lane)
    const machine = this.data.lanes[lane]?.machine ?? ""
    for (const [name, { figure }] of this.charts) figure.hidden = name !== machine
  }

  /** States in the table and on the chart; only what is other than before is touched. */
  private light(isCentred: boolean): void {
    for (const [lane, cell] of this.cells.entries()) {
      const state = this.stateOf(lane)
      const content = state < 0 ? "not known" : this.word(state)
      if (cell?.textContent !== content && cell !== undefined) cell.textContent = content
    }
    const chart = this.charts.get(this.data.lanes[this.actor]?.machine ?? "")
    const names = this.word(this.stateOf(this.actor)).split(" ")
    const active = names.flatMap((name) => chart?.states.get(name) ?? [])
    const isNew = (spot: Spot) => !this.active.includes(spot)
    const news = active.filter(isNew)
    for (const spot of this.active) if (!active.includes(spot)) spot.classList.remove("active")
    for (const spot of news) spot.classList.add("active")
    this.active = active
    const target = news[0] ?? active[0]
    if (target !== undefined && (isCentred || news.length > 0)) this.centre(target)
  }

  private centre(target: Spot): void {
    const room = this.spot("charts")
    const [at, around] = [target.getBoundingClientRect(), room.getBoundingClientRect()]
    room.scrollTop += at.top - around.top - room.clientHeight / 2 + at.height / 2
    room.scrollLeft += at.left - around.left - room.clientWidth / 3
  }
}
