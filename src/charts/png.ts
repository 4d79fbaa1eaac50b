/**
 * A picture as PNG, by resvg: an optional package, loaded when a PNG is asked for. It draws with
 * the fonts that the host has.
 */
import type { Picture } from "./picture.ts"
import { svg, type Theme } from "./svg.ts"
import { printable } from "./printable.ts"

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
  /** Pixels for each px of the picture, by default 2; fewer where the picture is large. */
  readonly scale?: number
}

/** The picture has too many px for a PNG that shows anything. */
export class PictureTooLarge extends Error {
  readonly _tag = "PictureTooLarge"
  constructor({ id, width, height }: Picture) {
    const name = printable(id, 80)
    super(`the picture of '${name}' is ${width} × ${height} px, too large for a PNG: make an SVG`)
  }
}

/** Pixels of a PNG: 200 MB while it is made. */
const pixelsMax = 50_000_000

/** Smaller letters are specks, 4 px high. */
const scaleMin = 0.4

/** As asked for, or what is left of it for a large picture. Throws `PictureTooLarge`. */
export function scaleOf(picture: Picture, asked = 2): number {
  const pixels = picture.width * picture.height
  const scale = Math.min(asked, Math.sqrt(pixelsMax / pixels))
  if (scale < Math.min(asked, scaleMin)) throw new PictureTooLarge(picture)
  return scale
}

/** The bytes of the file. Rejects with `ResvgMissing`, `PictureTooLarge`. */
export async function png(picture: Picture, options: PngOptions = {}): Promise<Uint8Array> {
  const value = scaleOf(picture, options.scale)
  const resvg = await load("@resvg/resvg-js")
  const { theme = "light" } = options
  // resvg knows no CSS variables; the SVG of one theme has none.
  const text = svg(picture, theme === "dark" ? "dark" : "light")
  const fitTo = { mode: "zoom", value }
  const font = { loadSystemFonts: true, defaultFontFamily: "DejaVu Sans" }
  return new resvg(text, { fitTo, font }).render().asPng()
}
