/**
 * The states of a report's page: the table of all actors and of what they own, and the chart of one
 * of them with its present state marked. One class whose text is put into the page, so that it
 * refers to nothing outside of itself.
 */
import type { PageData } from "./page-data.ts"
import type { Spot, Surface } from "./page-surface.ts"

/** Somebody with a state: an actor, by its lane, or what one owns. */
interface Track {
  readonly name: string
  readonly short: string
  /** Of an actor; -1 for what one owns. */
  readonly lane: number
  /** Of what is owned: the arrows that it took, by row. */
  readonly taken: ReadonlyMap<number, readonly number[]>
  readonly machine: string
  /** From which row on it is in which state: a place in `words`, or -1. */
  readonly marks: (readonly [row: number, state: number])[]
}

/** A chart of the page: its elements, and what the data say of it. */
interface ChartSpots {
  readonly figure: Spot
  readonly note: string
  readonly states: ReadonlyMap<string, Spot>
  /** Of a state's name, a place in `words`: ids on the chart, and what is to say of it. */
  readonly meanings: ReadonlyMap<number, readonly [readonly string[], string]>
  readonly arrows: readonly (readonly Spot[])[]
}

export class PageStates {
  private readonly page: Surface
  private readonly data: PageData
  private readonly tracks: Track[] = []
  private readonly trackOfLane: number[] = []
  /** Tracks of what is owned, by the rows that changed them. */
  private readonly owned = new Map<number, readonly number[]>()
  private readonly charts = new Map<string, ChartSpots>()
  private readonly cells: Spot[] = []
  private active: Spot[] = []
  private taken: readonly Spot[] = []
  private track = -1
  private step = 0

  constructor(page: Surface, data: PageData) {
    this.page = page
    this.data = data
    this.collect()
    this.makeCharts()
    this.makeTable()
    this.choose(this.busiest())
  }

  /** The states at this row. When followed, the chart is that of whoever has the turn. */
  show(step: number, isFollowed: boolean): void {
    this.step = step
    const lane = this.data.rows[step]?.[1] ?? -1
    const changed = this.owned.get(step) ?? []
    // Of several that a turn changed, the one that is looked at already.
    const thing = changed.includes(this.track) ? this.track : changed[0]
    const turned = thing ?? this.trackOfLane[lane] ?? -1
    const hasChart = (this.tracks[turned]?.machine ?? "") !== ""
    if (isFollowed && hasChart && turned !== this.track) this.choose(turned)
    this.light(isFollowed && hasChart)
  }

  /** What somebody has chosen in the list. */
  pick(): void {
    this.choose(Number(this.spot("actor").value))
    this.light(true)
  }

  light(isCentred: boolean): void {
    for (const [track, cell] of this.cells.entries()) {
      const state = this.stateOf(track)
      const content = state < 0 ? "not known" : this.word(state)
      if (cell.textContent !== content) cell.textContent = content
    }
    const chart = this.charts.get(this.tracks[this.track]?.machine ?? "")
    const [ids, note] = chart?.meanings.get(this.stateOf(this.track)) ?? [[], ""]
    this.spot("notice").textContent = [chart?.note ?? "", note]
      .filter((one) => one !== "")
      .join("; ")
    this.lightArrows(chart)
    const active = ids.flatMap((id) => chart?.states.get(id) ?? [])
    const news = active.filter((spot) => !this.active.includes(spot))
    for (const spot of this.active) if (!active.includes(spot)) spot.classList.remove("active")
    for (const spot of news) spot.classList.add("active")
    this.active = active
    const target = news[0] ?? active[0]
    if (target !== undefined && (isCentred || news.length > 0)) this.centre(target)
  }

  /** The arrows that the shown one took in this step. */
  private lightArrows(chart: ChartSpots | undefined): void {
    const track = this.tracks[this.track]
    const row = this.data.rows[this.step]
    const places =
      track?.lane === row?.[1] ? (row?.[13] ?? []) : (track?.taken.get(this.step) ?? [])
    const spots = places.flatMap((place) => chart?.arrows[place] ?? [])
    for (const spot of this.taken) if (!spots.includes(spot)) spot.classList.remove("taken")
    for (const spot of spots) spot.classList.add("taken")
    this.taken = spots
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

  private collect(): void {
    const { lanes, rows, things } = this.data
    for (const [lane, { name, short, isActor, machine }] of lanes.entries()) {
      if (!isActor) continue
      this.trackOfLane[lane] = this.tracks.length
      this.tracks.push({ name, short, machine, lane, marks: [], taken: new Map() })
    }
    const begun = new Set<number>()
    let birth = 0
    for (const [row, [, lane, , , , , , , , , to, from]] of rows.entries()) {
      if (this.data.lives.includes(row)) {
        birth = row
        for (const { marks } of this.tracks) if (marks.length > 0) marks.push([row, -1])
        begun.clear()
      }
      const marks = this.tracks[this.trackOfLane[lane] ?? -1]?.marks
      if (to < 0 || marks === undefined) continue
      // Before its first turn it was in the state that this one left.
      if (!begun.has(lane) && birth < row) marks.push([birth, from])
      begun.add(lane)
      marks.push([row, to])
    }
    for (const { name, short, machine, marks, changes, taken } of things) {
      const track = this.tracks.length
      if (machine !== "")
        for (const row of changes) this.owned.set(row, [...(this.owned.get(row) ?? []), track])
      const arrows = new Map(changes.map((row, at) => [row, taken[at] ?? []]))
      this.tracks.push({ name, short, machine, lane: -1, marks: [...marks], taken: arrows })
    }
  }

  private makeCharts(): void {
    for (const figure of this.page.document.querySelectorAll("figure[data-machine]")) {
      const machine = figure.dataset["machine"] ?? ""
      const { note = "", states = [], transitions = [] } = this.data.charts[Number(machine)] ?? {}
      const spots = new Map<string, Spot>()
      for (const state of figure.querySelectorAll("[data-state]"))
        spots.set(state.getAttribute("data-state") ?? "", state)
      const byKey = this.arrowsIn(figure)
      this.charts.set(machine, {
        figure,
        note,
        states: spots,
        meanings: new Map(states.map(([word, ids, told]) => [word, [ids, told] as const])),
        arrows: transitions.map((key) => byKey.get(key) ?? [])
      })
    }
  }

  /** Arrows and their labels by the names of transitions: `state#at`, apart by blanks. */
  private arrowsIn(figure: Spot): ReadonlyMap<string, readonly Spot[]> {
    const spots = new Map<string, Spot[]>()
    for (const arrow of figure.querySelectorAll("[data-taken]"))
      for (const key of (arrow.getAttribute("data-taken") ?? "").split(/(?<=#\d+) /)) {
        const known = spots.get(key)
        if (known === undefined) spots.set(key, [arrow])
        else known.push(arrow)
      }
    return spots
  }

  private makeTable(): void {
    for (const [track, { name, short, machine }] of this.tracks.entries()) {
      const row = this.element("tr", "")
      const cell = this.element("td", "")
      row.append(this.element("th", name), cell)
      this.cells[track] = cell
      this.spot("states").append(row)
      if (machine === "") continue
      const option = this.element("option", short)
      option.setAttribute("title", name)
      option.value = String(track)
      this.spot("actor").append(option)
    }
  }

  private busiest(): number {
    const places = [...this.tracks.keys()].filter((at) => this.tracks[at]?.machine !== "")
    const count = (at: number) => this.tracks[at]?.marks.length ?? 0
    return places.toSorted((one, other) => count(other) - count(one))[0] ?? -1
  }

  /** The place in `words` of a state at this step; -1 where the trace does not say. */
  private stateOf(track: number): number {
    const marks = this.tracks[track]?.marks ?? []
    let [low, high] = [0, marks.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((marks[middle]?.[0] ?? 0) <= this.step) low = middle + 1
      else high = middle
    }
    return marks[low - 1]?.[1] ?? -1
  }

  private choose(track: number): void {
    this.track = track
    this.spot("actor").value = String(track)
    const machine = this.tracks[track]?.machine ?? ""
    for (const [name, { figure }] of this.charts) figure.hidden = name !== machine
  }

  private centre(target: Spot): void {
    const room = this.spot("charts")
    const [at, around] = [target.getBoundingClientRect(), room.getBoundingClientRect()]
    room.scrollTop += at.top - around.top - room.clientHeight / 2 + at.height / 2
    room.scrollLeft += at.left - around.left - room.clientWidth / 3
  }
}
