/**
 * Markdown pages: their links and the anchors of their headings. Pure.
 */
import { dirname, join } from "node:path"

export interface Link {
  readonly target: string
  readonly line: number
}

/** Links and images of a page, those in code left out. Web addresses are nobody's business here. */
export function linksOf(text: string): readonly Link[] {
  let isCode = false
  return text.split("\n").flatMap((line, at) => {
    if (line.trimStart().startsWith("```")) isCode = !isCode
    if (isCode) return []
    const plain = line.replace(/`[^`]*`/g, "")
    return [...plain.matchAll(/\]\(<?([^()<>\s]+(?:\([^()]*\))?)>?(?: "[^"]*")?\)/g)]
      .map(([, target = ""]) => ({ target, line: at + 1 }))
      .filter(({ target }) => !/^[a-z][a-z0-9+.-]*:/.test(target))
  })
}

/** The anchors that GitHub gives to the headings of a page. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>()
  const anchors = new Set<string>()
  for (const [, heading = ""] of text.matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.toLowerCase().replace(/[^\p{L}\p{N}\- _]/gu, "")
    const anchor = plain.trim().replace(/ /g, "-")
    const count = seen.get(anchor) ?? 0
    seen.set(anchor, count + 1)
    anchors.add(count === 0 ? anchor : `${anchor}-${count}`)
  }
  return anchors
}

/** The file that a link on `page` leads to, and the anchor in it; `/` is the checkout. */
export function destination(page: string, target: string): { file: string; anchor: string } {
  const [path = "", anchor = ""] = decodeURIComponent(target).split("#")
  if (path === "") return { file: page, anchor }
  const file = path.startsWith("/") ? path.slice(1) : join(dirname(page), path)
  return { file: file.replace(/\/$/, ""), anchor }
}
