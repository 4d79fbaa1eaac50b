/**
 * A picture as PNG, by resvg: an optional package, loaded when a PNG is asked for. It draws with
 * the fonts that the host has.
 */
import type { Picture } from "./picture.ts"
import { svg, type Theme } from "./svg.ts"

/** @resvg/resvg-js is not installed. */
export class ResvgMissing extends Error {
  readonly _tag = "ResvgMissing"
  constructor() {
    super("a PNG needs the package @resvg/resvg-js: npm install @resvg/resvg-js")
  }
}

type Resvg = new (
  text: string,
  options: object
) => { readonly render: () => { readonly asPng: () => Uint8Array } }

/** By a name that bundlers do not follow: it has a part for each operating system. */
const load = async (name: string): Promise<Resvg> => {
  try {
    const module: { readonly Resvg: Resvg } = await import(name)
    return module.Resvg
  } catch {
    throw new ResvgMissing()
  }
}

export interface PngOptions {
  /** A PNG has one theme; `auto` is the light one. */
  readonly theme?: Theme
  /** Pixels for each px of the picture. */
  readonly scale?: number
}

/** The bytes of the file. Rejects with `ResvgMissing`. */
export async function png(picture: Picture, options: PngOptions = {}): Promise<Uint8Array> {
  const resvg = await load("@resvg/resvg-js")
  const { theme = "light", scale = 2 } = options
  // resvg knows no CSS variables; the SVG of one theme has none.
  const text = svg(picture, theme === "dark" ? "dark" : "light")
  const fitTo = { mode: "zoom", value: scale }
  const font = { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans" }
  return new resvg(text, { fitTo, font }).render().asPng()
}
