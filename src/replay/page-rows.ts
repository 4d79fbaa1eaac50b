/**
 * Draws the sequence diagram of a report's page, as one class whose text is put into the page: only
 * the rows that are seen, each once, so that a step costs the same however long the trace is. The
 * geometry is that of sequence.ts. Refers to nothing outside of itself.
 */
import type { PageData, PageRow } from "./page-data.ts"
import type { Spot, Surface } from "./page-surface.ts"

type Attributes = { readonly [name: string]: string | number }

export class PageRows {
  private readonly page: Surface
  private readonly data: PageData
  /** Rows whose messages were under way for so long that they pass by many others. */
  private readonly long: number[] = []
  private readonly drawn = new Map<number, readonly Spot[]>()
  /** Arrows lie beneath pills and words, for they pass by other rows. */
  private readonly layers: { readonly ways: Spot; readonly words: Spot; readonly gutter: Spot }
  private readonly band: Spot
  private isDrawAsked = false
  private marked: ReadonlySet<number> = new Set()

  constructor(page: Surface, data: PageData) {
    this.page = page
    this.data = data
    this.band = this.shape("rect", { class: "now", x: 0, width: "100%", height: data.size.row })
    this.layers = {
      ways: this.shape("g", {}),
      words: this.shape("g", {}),
      gutter: this.shape("g", { class: "gutter" })
    }
    for (const [row, cells] of data.rows.entries()) if (row - cells[7] > 20) this.long.push(row)
    this.makeLanes()
  }

  shape(name: string, attributes: Attributes): Spot {
    const made = this.page.document.createElementNS("http://www.w3.org/2000/svg", name)
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
    return made
  }

  /** Marks the row and brings it into view. */
  show(step: number): void {
    const { size, rows } = this.data
    this.band.setAttribute("y", String(step * size.row))
    const scroller = this.spot("scroller")
    const room = scroller.clientHeight - size.head
    const top = step * size.row
    const isSeen = top >= scroller.scrollTop && top + size.row * 2 <= scroller.scrollTop + room
    if (!isSeen) scroller.scrollTop = top - room / 3
    const lane = rows[step]?.[1] ?? -1
    // What concerns all lanes is written from the left on.
    if (lane < 0) scroller.scrollLeft = 0
    const x = this.laneX(lane)
    const [left, width] = [scroller.scrollLeft, scroller.clientWidth]
    if (lane >= 0 && (x - size.pitch < left || x + size.pitch / 2 > left + width))
      scroller.scrollLeft = x - width / 2
    this.drawSoon()
  }

  /** Rows whose numbers stand out. */
  mark(rows: readonly number[]): void {
    this.marked = new Set(rows)
    for (const spots of this.drawn.values()) for (const spot of spots) spot.remove()
    this.drawn.clear()
    this.drawSoon()
  }

  drawSoon(): void {
    if (this.isDrawAsked) return
    this.isDrawAsked = true
    this.page.requestAnimationFrame(() => {
      this.isDrawAsked = false
      this.draw()
    })
  }

  private spot(id: string): Spot {
    return this.page.document.getElementById(id)
  }

  private word(place: number): string {
    return this.data.words[place] ?? ""
  }

  private label(attributes: Attributes, content: string): Spot {
    const made = this.shape("text", attributes)
    made.textContent = content
    return made
  }

  private laneX(lane: number): number {
    const { gutter, pitch } = this.data.size
    return gutter + pitch * (lane + 0.5)
  }

  private middle(row: number): number {
    return (row + 0.5) * this.data.size.row + 6
  }

  private makeLanes(): void {
    const { lanes, rows, size } = this.data
    const width = size.gutter + lanes.length * size.pitch + size.margin
    const height = rows.length * size.row + size.margin
    const [head, body] = [this.spot("head"), this.spot("rows")]
    for (const svg of [head, body]) svg.setAttribute("width", String(width))
    head.setAttribute("height", String(size.head))
    body.setAttribute("height", String(height))
    body.append(this.band)
    for (const [place, { title, name }] of lanes.entries()) {
      const x = this.laneX(place)
      const group = this.shape("g", {})
      const tip = this.shape("title", {})
      tip.textContent = name
      const centred = { x, "text-anchor": "middle" }
      group.append(tip, this.label({ ...centred, class: "name", y: 24 }, title[0]))
      group.append(this.label({ ...centred, class: "faint", y: 40 }, title[1]))
      head.append(group)
      body.append(this.shape("path", { class: "lane", d: `M${x} 0V${height}` }))
    }
    const { ways, words, gutter } = this.layers
    gutter.append(this.shape("rect", { x: 0, y: 0, width: 64, height }))
    body.append(ways, words, gutter)
  }

  /** Rows that are seen, a few around them, and arrows that pass by. */
  private draw(): void {
    const { size, rows } = this.data
    const scroller = this.spot("scroller")
    const first = Math.max(0, Math.floor(scroller.scrollTop / size.row) - 8)
    const last = Math.min(rows.length, first + Math.ceil(scroller.clientHeight / size.row) + 24)
    // Numbers stay at the left edge, wherever one looks.
    this.layers.gutter.setAttribute("transform", `translate(${scroller.scrollLeft} 0)`)
    const wanted = new Set<number>()
    for (let row = first; row < last; row++) wanted.add(row)
    for (const row of this.long) if ((rows[row]?.[7] ?? row) < last && row >= first) wanted.add(row)
    for (const [row, spots] of this.drawn) {
      if (wanted.has(row)) continue
      for (const spot of spots) spot.remove()
      this.drawn.delete(row)
    }
    for (const row of wanted) {
      const cells = this.data.rows[row]
      if (cells === undefined || this.drawn.has(row)) continue
      const [ways, words] = [this.makeWays(cells, row), this.makeWords(cells, row)]
      const number = this.makeNumber(row)
      this.drawn.set(row, [ways, words, number])
      this.layers.ways.append(ways)
      this.layers.words.append(words)
      this.layers.gutter.append(number)
    }
  }

  private group([, , mark]: PageRow): Spot {
    return this.shape("g", { class: `moment ${this.data.marks[mark] ?? ""}` })
  }

  private makeNumber(row: number): Spot {
    const look = this.marked.has(row) ? "about" : "faint"
    const place = { class: look, x: 56, y: this.middle(row) + 4, "text-anchor": "end" }
    return this.label(place, `#${this.data.first + row}`)
  }

  private makeWays(cells: PageRow, row: number): Spot {
    const [, lane, , , , width, source, since, , answered] = cells
    const group = this.group(cells)
    const half = width / 2
    if (lane < 0) return group
    if (source >= 0) group.append(...this.message({ lane, source, since, row, half }))
    for (const target of answered)
      if (target !== lane) group.append(this.reply({ lane, target, row, half }))
    return group
  }

  private makeWords(cells: PageRow, row: number): Spot {
    const [, lane, , said, pill, width, source] = cells
    const { size } = this.data
    const y = this.middle(row)
    const group = this.group(cells)
    group.dataset["row"] = String(row)
    if (lane < 0) {
      const place = { class: "band", x: size.gutter - 50, y: y - 12, height: 24, rx: 4 }
      const long = this.word(said).length * 7 + 30
      group.append(this.shape("rect", { ...place, width: Math.max(long, 300) }))
      group.append(this.label({ class: "word", x: size.gutter - 40, y: y + 4 }, this.word(said)))
      return group
    }
    group.append(this.title(cells))
    const isLeft = source >= 0 && source <= lane
    const x = this.laneX(lane) + (isLeft ? -8 : 8)
    const anchor = isLeft ? "end" : "start"
    const place = { class: "said", x, y: y - 13, "text-anchor": anchor }
    group.append(this.label(place, this.word(said)))
    group.append(...this.pill(this.word(pill), width, [this.laneX(lane), y]))
    return group
  }

  /** All that a lane has no room for, a line each. */
  private title([, , , , , , , , , , to, from, facts]: PageRow): Spot {
    const lines: string[] = []
    for (let at = 0; at < facts.length; at += 2)
      lines.push(`${this.word(facts[at] ?? -1)}: ${this.word(facts[at + 1] ?? -1)}`)
    if (to >= 0)
      lines.push(to === from ? `in ${this.word(to)}` : `${this.word(from)} → ${this.word(to)}`)
    const made = this.shape("title", {})
    made.textContent = lines.join("\n")
    return made
  }

  private pill(content: string, width: number, [x, y]: readonly [number, number]): Spot[] {
    if (content === "") return [this.shape("circle", { class: "dot", cx: x, cy: y, r: 4 })]
    const high = this.data.size.pill
    const place = { x: x - width / 2, y: y - high / 2, width, height: high, rx: 9 }
    const word = { class: "word", x, y: y + 4, "text-anchor": "middle" }
    return [this.shape("rect", { class: "pill", ...place }), this.label(word, content)]
  }

  private tip(x: number, y: number, isRight: boolean): Spot {
    const back = x + (isRight ? -7 : 7)
    const d = `M${x} ${y}L${back} ${y - 3.6}L${back} ${y + 3.6}Z`
    return this.shape("path", { class: "tip", d })
  }

  private message(way: {
    readonly lane: number
    readonly source: number
    readonly since: number
    readonly row: number
    readonly half: number
  }): Spot[] {
    const { lane, source, since, row, half } = way
    const [x, y] = [this.laneX(lane), this.middle(row)]
    const start = since >= row ? y : this.middle(since) - this.data.size.row / 2 - 6
    const line = (d: string) => this.shape("path", { class: "way", d })
    if (source === lane) {
      const d = `M${x} ${Math.min(start, y - 12)}H${x + half + 16}V${y}H${x + half + 1}`
      return [line(d), this.tip(x + half, y, false)]
    }
    const isRight = source < lane
    const end = x + (isRight ? -half : half)
    const gap = (isRight ? 1 : -1) * (this.data.size.pitch / 2)
    const from = this.laneX(source)
    const aside = (((this.data.first + row) % 4) - 1.5) * 3
    const down = start === y ? "" : `H${from + gap + aside}L${x - gap + aside} ${y}`
    return [line(`M${from} ${start}${down}H${end}`), this.tip(end, y, isRight)]
  }

  private reply(way: {
    readonly lane: number
    readonly target: number
    readonly row: number
    readonly half: number
  }): Spot {
    const { lane, target, row, half } = way
    const isRight = target > lane
    const y = this.middle(row) + (half > 4 ? 6 : 8)
    const end = this.laneX(target)
    const d = `M${this.laneX(lane) + (isRight ? half : -half)} ${y}H${end}`
    const group = this.shape("g", { class: "reply" })
    group.append(this.shape("path", { class: "way", d }), this.tip(end, y, isRight))
    return group
  }
}
