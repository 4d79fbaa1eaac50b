/**
 * As much of a browser as a report's page uses. The project is compiled without the types of
 * browsers, for nothing else of it runs in one.
 */

export interface Spot {
  textContent: string | null
  value: string
  max: string
  hidden: boolean
  checked: boolean
  scrollTop: number
  scrollLeft: number
  readonly clientHeight: number
  readonly clientWidth: number
  readonly tagName: string
  readonly classList: {
    add(name: string): void
    remove(name: string): void
    toggle(name: string, isOn: boolean): void
  }
  readonly dataset: { [name: string]: string | undefined }
  readonly style: { [name: string]: string }
  setAttribute(name: string, value: string): void
  getAttribute(name: string): string | null
  append(...spots: readonly (Spot | string)[]): void
  replaceChildren(...spots: readonly Spot[]): void
  remove(): void
  querySelectorAll(selector: string): Iterable<Spot>
  getBoundingClientRect(): { readonly top: number; readonly left: number; readonly height: number }
  addEventListener(type: string, listener: (event: Press) => void): void
}

export interface Press {
  readonly key: string
  readonly target: Spot
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly altKey: boolean
  preventDefault(): void
}

export interface Surface {
  readonly document: {
    readonly documentElement: Spot
    getElementById(id: string): Spot
    createElement(name: string): Spot
    createElementNS(space: string, name: string): Spot
    addEventListener(type: string, listener: (event: Press) => void): void
    querySelectorAll(selector: string): Iterable<Spot>
  }
  readonly location: { readonly hash: string }
  readonly history: { replaceState(state: null, title: string, url: string): void }
  addEventListener(type: string, listener: () => void): void
  setTimeout(task: () => void, ms: number): number
  clearTimeout(timer: number): void
  requestAnimationFrame(task: () => void): number
}
