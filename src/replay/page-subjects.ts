/**
 * What a report's page is about: a list of devices, domains and their starts, of which one is
 * followed: its rows are marked, and one goes from each to the next. One class whose text is put
 * into the page, so that it refers to nothing outside of itself.
 */
import type { PageData } from "./page-data.ts"
import type { Spot, Surface } from "./page-surface.ts"

export class PageSubjects {
  private readonly page: Surface
  private readonly data: PageData
  /** Of the one that is followed, in order. */
  rows: readonly number[] = []

  constructor(page: Surface, data: PageData) {
    this.page = page
    this.data = data
    const list = this.list
    for (const [place, { name, short }] of [
      { name: "-", short: "-" },
      ...data.subjects
    ].entries()) {
      const option = page.document.createElement("option")
      option.textContent = short
      option.setAttribute("title", name)
      option.value = String(place - 1)
      list.append(option)
    }
    list.value = String(data.about)
    this.pick()
  }

  /** What somebody has chosen in the list is followed. */
  pick(): void {
    let row = 0
    const steps = this.data.subjects[Number(this.list.value)]?.rows ?? []
    this.rows = steps.map((step) => (row += step))
  }

  /** The row after or before this one that concerns it, if there is one. */
  next(step: number, by: 1 | -1): number | undefined {
    if (by === 1) return this.rows.find((row) => row > step)
    return this.rows.findLast((row) => row < step)
  }

  private get list(): Spot {
    return this.page.document.getElementById("about")
  }
}
