/**
 * Debian's Chromium without a window, for tests that look at pages. It tells everything that a page
 * which needs nothing must not do: ask for something, complain, or throw.
 */
import { type Browser, chromium, type Page } from "playwright-core"
import { needs } from "../clients/stage.ts"

const executablePath = "/usr/bin/chromium"

export const startBrowser = (): Promise<Browser> => {
  needs({ [executablePath]: "chromium" })
  // Tests run as root in containers, where Chromium has no sandbox of its own.
  return chromium.launch({ executablePath, args: ["--no-sandbox"] })
}

export interface Seen {
  readonly page: Page
  /** Requests but for the page itself, words on the console, and what was thrown. */
  readonly complaints: readonly string[]
}

export interface LookOptions {
  readonly theme?: "light" | "dark"
  readonly size?: { readonly width: number; readonly height: number }
}

/** Opens a page of the disk. */
export async function look(
  browser: Browser,
  url: string,
  options: LookOptions = {}
): Promise<Seen> {
  const { theme = "light", size = { width: 1500, height: 900 } } = options
  const page = await browser.newPage({ colorScheme: theme, viewport: size })
  const complaints: string[] = []
  const [own = ""] = url.split("#")
  page.on("console", (message) => complaints.push(`console: ${message.text()}`))
  page.on("pageerror", (error) => complaints.push(`thrown: ${error.message}`))
  page.on("dialog", (dialog) => complaints.push(`dialog: ${dialog.message()}`))
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== own) complaints.push(`request: ${request.url()}`)
  })
  await page.goto(url)
  return { page, complaints }
}
