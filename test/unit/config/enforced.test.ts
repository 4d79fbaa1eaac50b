// Goal: a key that the table calls enforced is read by the engine; the page must not promise more.
// Method: each value's name is looked for in the sources of what carries the configuration out.
import * as fs from "node:fs"
import * as path from "node:path"
import { expect, test } from "vitest"
import type { AnyKey } from "../../../src/config/key.ts"
import { keys } from "../../../src/config/keys.ts"

const checkout = path.join(import.meta.dirname, "../../..")

const sources = ["actors", "src/qemu", "src/storage", "src/rpc", "src/cli"]
  .map((folder) => path.join(checkout, folder))
  .filter((folder) => fs.existsSync(folder))
  .flatMap((folder) =>
    fs
      .readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => fs.readFileSync(path.join(folder, name), "utf8"))
  )

const camelCase = (key: string): string =>
  key.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** `values.name`, or `{ name } = ...values`. */
const isRead = (name: string): boolean => {
  const uses = new RegExp(`\\bvalues\\.${name}\\b|\\{[^{}]*\\b${name}\\b[^{}]*\\} = [^;\\n]*values`)
  return sources.some((text) => uses.test(text))
}

test("every enforced key is read by the engine", () => {
  const rows: readonly (readonly [string, AnyKey])[] = Object.entries(keys)
  const enforced = rows.filter(([, { treatment }]) => treatment.kind === "enforced")
  const unread = enforced.map(([key]) => key).filter((key) => !isRead(camelCase(key)))
  expect(unread, "read the value, or call the key refused or inert in src/config/keys.ts").toEqual(
    []
  )
  expect(enforced.length).toBeGreaterThan(0)
})
