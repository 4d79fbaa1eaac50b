/**
 * Goal: a console in web streams loses no byte and keeps none: what the guest says is read at the
 * reader's speed, what it is told waits for it, and each way of ending is told once.
 * Method: a channel of the test's own, which counts what it is asked.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { ByteChannel, ChannelEnd } from "../../../src/engine/console.ts"
import { Console } from "../../../src/promise/console.ts"

const fakeChannel = () => {
  const heard = {
    data: (_: Uint8Array): void => undefined,
    drain: (): void => undefined,
    end: (_: ChannelEnd): void => undefined
  }
  const state = { isFlowing: false, isFull: false, isClosed: false, written: [] as Uint8Array[] }
  const channel: ByteChannel = {
    device: "serial0",
    write: (bytes) => {
      if (state.isClosed) return false
      state.written.push(bytes)
      return !state.isFull
    },
    pendingBytes: () => 0,
    onData: (listener) => {
      heard.data = listener
      state.isFlowing = true
    },
    onDrain: (listener) => void (heard.drain = listener),
    onEnd: (listener) => void (heard.end = listener),
    pause: () => void (state.isFlowing = false),
    resume: () => void (state.isFlowing = true),
    close: () => void (state.isClosed = true)
  }
  return { channel, heard, state }
}

const settle = () => new Promise((done) => setImmediate(done))

test("every byte arrives in order, and nothing is taken that nobody reads", async () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(pieces, async (said) => {
      const { channel, heard, state } = fakeChannel()
      const line = new Console(channel, "web")
      await settle()
      expect(state.isFlowing).toBe(false)
      const reader = line.readable.getReader()
      for (const piece of said) {
        const reading = reader.read()
        await settle()
        expect(state.isFlowing).toBe(true)
        heard.data(piece)
        expect(await reading).toEqual({ done: false, value: piece })
        expect(state.isFlowing).toBe(false)
      }
      heard.end("guest ended")
      expect((await reader.read()).done).toBe(true)
      expect(await line.ended).toBe("guest ended")
    }),
    { numRuns: 30 }
  )
})

test("what was said before the end is read before the end is", async () => {
  const { channel, heard } = fakeChannel()
  const line = new Console(channel, "web")
  const reader = line.readable.getReader()
  const first = reader.read()
  await settle()
  heard.data(Uint8Array.of(1))
  heard.data(Uint8Array.of(2))
  heard.end("taken over")
  expect((await first).value).toEqual(Uint8Array.of(1))
  expect((await reader.read()).value).toEqual(Uint8Array.of(2))
  await expect(reader.read()).rejects.toThrow(
    "cannot use serial0 of 'web': somebody else has opened it by force"
  )
})

test("a write goes in pieces, and waits until the guest takes more", async () => {
  const { channel, heard, state } = fakeChannel()
  const line = new Console(channel, "web")
  state.isFull = true
  let isDone = false
  const writing = line.write(new Uint8Array(100_000)).then(() => (isDone = true))
  await settle()
  expect(state.written.map(({ length }) => length)).toEqual([65_536])
  expect(isDone).toBe(false)
  state.isFull = false
  heard.drain()
  await writing
  expect(state.written.map(({ length }) => length)).toEqual([65_536, 34_464])
})

test.each(["guest ended", "taken over", { failed: "EIO" }] as const)(
  "a write that waits is told of the end: %j",
  async (why) => {
    const { channel, heard, state } = fakeChannel()
    const line = new Console(channel, "web")
    state.isFull = true
    const writing = line.write("x")
    await settle()
    heard.end(why)
    await expect(writing).rejects.toMatchObject({ _tag: "OperationFailed", domain: "web" })
    await expect(line.write("y")).rejects.toMatchObject({ _tag: "OperationFailed" })
  }
)

test("closing frees the device, ends a read that waits, and may be said twice", async () => {
  const { channel, state } = fakeChannel()
  const line = new Console(channel, "web")
  const reading = line.readable.getReader().read()
  await settle()
  await line.close()
  await line.close()
  expect(state.isClosed).toBe(true)
  expect(await reading).toEqual({ done: true, value: undefined })
  expect(await line.ended).toBe("closed")
  await expect(line.write("x")).rejects.toThrow("it was closed")
})

test("who stops iterating leaves the console open for the next one", async () => {
  const { channel, heard, state } = fakeChannel()
  const line = new Console(channel, "web")
  const iterate = async (): Promise<Uint8Array | undefined> => {
    for await (const bytes of line) return bytes
    return undefined
  }
  for (const byte of [1, 2]) {
    const first = iterate()
    await settle()
    heard.data(Uint8Array.of(byte))
    expect(await first).toEqual(Uint8Array.of(byte))
  }
  expect(state.isClosed).toBe(false)
})
