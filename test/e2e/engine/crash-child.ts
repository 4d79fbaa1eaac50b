/**
 * An engine in a process of its own, for tests that kill it: takes orders as lines of JSON, and
 * says on its output, one line each, what was acknowledged. A line that came out was acknowledged
 * before.
 */
import * as child from "node:child_process"
import * as readline from "node:readline"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Domain from "../../../actors/domain/domain.ts"
import type { Needs } from "../../../actors/domain/needs.ts"
import * as Calls from "../../../actors/driver/calls.ts"
import { makeDriver } from "../../../actors/driver/driver.ts"
import type { HostServices, Parts } from "../../../actors/driver/parts.ts"
import type { Change } from "../../../machines/domain/change.ts"
import * as IdsLive from "../../../src/base/ids.live.ts"
import * as FilesLive from "../../../src/host/files.live.ts"
import * as ProcessesLive from "../../../src/host/process.live.ts"
import * as SocketsLive from "../../../src/host/socket.live.ts"
import { makeCall } from "../../../src/kernel/call.ts"
import { nodeDispatcher } from "../../../src/kernel/dispatcher.live.ts"
import { parseDomain } from "../../../src/xml/domain.ts"
import { parseIdentity } from "../../../src/xml/identity.ts"

/** What the test may order. Each is answered by a `Told` with its number. */
export type Order =
  | { readonly op: "open"; readonly root: string; readonly isAgain?: boolean }
  | { readonly op: "define"; readonly xml: string }
  | { readonly op: "create"; readonly xml: string; readonly autoDestroy?: string }
  | { readonly op: "start" | "destroy" | "suspend" | "resume"; readonly name: string }
  | { readonly op: "change"; readonly name: string; readonly change: Change }
  | { readonly op: "rename"; readonly name: string; readonly to: string }
  | { readonly op: "list" | "close" | "problems" }
  | { readonly op: "shell"; readonly command: string }

export type Told = { readonly number: number } & (
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly tag: string; readonly message: string }
)

export interface Listed {
  readonly name: string
  readonly uuid: string
  readonly state: string
  readonly epoch: string | undefined
  readonly pid: number | undefined
}

// The process is the scope: it ends by a signal.
const host = await Effect.runPromise(
  Layer.buildWithScope(
    Layer.mergeAll(FilesLive.layer, ProcessesLive.layer, SocketsLive.layer, IdsLive.layer),
    Scope.makeUnsafe()
  )
)
const services: Context.Context<HostServices> = host
const run = <A, E>(effect: Effect.Effect<A, E, HostServices>): Promise<A> =>
  Effect.runPromise(Effect.provideContext(effect, services))

let driver: Effect.Success<ReturnType<typeof makeDriver>> | undefined

const open = async (root: string): Promise<void> => {
  driver = await run(
    makeDriver({
      root,
      owner: `crash-child, pid ${process.pid}`,
      readIdentity: parseIdentity,
      dispatcher: nodeDispatcher(),
      emulatorFor: () => "/usr/bin/qemu-system-x86_64",
      isAutostarting: true,
      startConcurrency: 4
    })
  )
  await run(driver.open)
}

const call = <A, E>(work: (parts: Parts) => Effect.Effect<A, E, Needs>): Promise<A> => {
  if (driver === undefined) throw new Error("open it first")
  return run(
    driver.call(makeCall("test"), (parts) => Effect.provideContext(work(parts), parts.needs))
  )
}

const withDomain = <A, E>(
  name: string,
  use: (ref: Domain.DomainRef) => Effect.Effect<A, E, Needs>
) => call((parts) => Effect.flatMap(Calls.lookUp(parts, name), use))

const parsed = (xml: string) => {
  const result = parseDomain(xml)
  if (result._tag === "Failure") throw result.failure
  return result.success.domain
}

const listed = (ref: Domain.DomainRef): Listed => {
  const { state, context } = Domain.view(ref)
  const { name, uuid, epoch, process: id } = context
  return { name, uuid, state: `${state} ${context.reason}`, epoch, pid: id?.pid }
}

/** By name. */
const list = async (): Promise<readonly Listed[]> => {
  const found = await call((parts) =>
    Effect.forEach(parts.domains.all().filter(Calls.isVisible), (entry) =>
      Effect.map(Calls.openDomain(parts, entry), listed)
    )
  )
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const carryOut = async (order: Order): Promise<unknown> => {
  switch (order.op) {
    case "open":
      return open(order.root)
    case "define": {
      const definition = parsed(order.xml)
      return void (await call((parts) => Calls.define(parts, definition)))
    }
    case "create": {
      const definition = parsed(order.xml)
      const { autoDestroy } = order
      return void (await call((parts) => Calls.create(parts, definition, { autoDestroy })))
    }
    case "start":
      return call((parts) =>
        Effect.flatMap(Calls.lookUp(parts, order.name), (ref) => Calls.start(parts, ref))
      )
    case "destroy":
      return withDomain(order.name, (ref) => Domain.destroy(ref))
    case "suspend":
      return withDomain(order.name, Domain.suspend)
    case "resume":
      return withDomain(order.name, Domain.resume)
    case "change":
      return withDomain(order.name, (ref) => Domain.change(ref, order.change))
    case "rename":
      return call((parts) =>
        Effect.flatMap(Calls.lookUp(parts, order.name), (ref) => Calls.rename(parts, ref, order.to))
      )
    case "list":
      return list()
    case "problems":
      return driver?.problems()
    case "close":
      return driver === undefined ? undefined : run(driver.close())
    case "shell":
      return child.execSync(order.command, { encoding: "utf8", stdio: "pipe" })
  }
}

const say = (told: Told): void => void process.stdout.write(`${JSON.stringify(told)}\n`)

const obey = async (line: string): Promise<void> => {
  const { number, order } = JSON.parse(line) as { readonly number: number; readonly order: Order }
  try {
    say({ number, ok: true, value: (await carryOut(order)) ?? null })
  } catch (error) {
    const tag = (error as { readonly _tag?: string })._tag ?? "Error"
    say({ number, ok: false, tag, message: String(error) })
  }
}

readline.createInterface({ input: process.stdin }).on("line", (line) => void obey(line))
say({ number: 0, ok: true, value: "ready" })
