/** `screenshot`: a guest's picture into a file. */
import * as Effect from "effect/Effect"
import { Files } from "../../host/files.ts"
import type { Remote } from "../../rpc/client/connect.ts"
import { Home } from "../home.ts"
import { absolute } from "../input.ts"
import { findDomain } from "./reference.ts"
import type { Answer } from "./answer.ts"

export interface ScreenshotOptions {
  readonly key: string
  readonly file: string | undefined
  readonly screen: number
}

const endings: { readonly [mime: string]: string } = {
  "image/png": "png",
  "image/x-portable-pixmap": "ppm"
}

/** A name of a guest may have what a path has. */
const plain = (name: string): string => name.replaceAll(/[^A-Za-z0-9_.+-]/g, "_")

export const screenshot = (remote: Remote, { key, file, screen }: ScreenshotOptions) =>
  Effect.gen(function* () {
    const files = yield* Files
    const { workingDirectory } = yield* Home
    const dom = yield* findDomain(remote, key)
    const { ret, stream } = yield* remote.open("remote", "DOMAIN_SCREENSHOT", {
      dom,
      screen,
      flags: 0
    })
    const type = ret.mime ?? "image/x-portable-pixmap"
    const path = file ?? `${plain(dom.name)}.${endings[type] ?? "image"}`
    const target = yield* Effect.acquireRelease(
      files.open(absolute(path, workingDirectory), "write", 0o644),
      files.close
    )
    for (let chunk = yield* stream.read; chunk !== undefined; chunk = yield* stream.read)
      if (!("holeBytes" in chunk)) yield* files.write(target, chunk)
    yield* stream.finish
    const answer: Answer = {
      value: { name: dom.name, file: path, type },
      text: `${dom.name} is shown in ${path}, of type ${type}\n`
    }
    return answer
  }).pipe(Effect.scoped)
