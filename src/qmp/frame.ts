/**
 * Bytes to lines: cuts a stream at its newlines, however it was split on the way, and never holds
 * more than one line within the bound. Pure; knows nothing of JSON.
 */
import * as Result from "effect/Result"

/** libvirt's limit for one QMP message (qemu_monitor.c), and qemu.qmp's. */
export const lineBytesMax = 10 * 1024 * 1024

/** A line that has begun: its parts, the last one first, so that adding one copies nothing. */
interface Part {
  readonly bytes: Uint8Array
  readonly before: Part | undefined
}

export interface Frame {
  readonly last: Part | undefined
  readonly size: number
}

export const emptyFrame: Frame = { last: undefined, size: 0 }

export interface Framed {
  readonly frame: Frame
  /** Complete lines, without their ends; empty ones are left out. */
  readonly lines: readonly string[]
  /** What was wrong after those lines; nothing more is to be read of this stream then. */
  readonly problem: string | undefined
}

const newline = 0x0a
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Takes the next bytes. They are kept until their line ends, so they must not change after. */
export const feed = (frame: Frame, bytes: Uint8Array): Framed => {
  const lines: string[] = []
  let { last, size } = frame
  let from = 0
  while (true) {
    const end = bytes.indexOf(newline, from)
    const part = bytes.subarray(from, end < 0 ? bytes.byteLength : end)
    size += part.byteLength
    if (size > lineBytesMax) return broken(lines, `a line is longer than ${lineBytesMax} bytes`)
    if (part.byteLength > 0) last = { bytes: part, before: last }
    if (end < 0) return { frame: { last, size }, lines, problem: undefined }
    const text = decode(last, size)
    if (Result.isFailure(text)) return broken(lines, text.failure)
    if (text.success.trim() !== "") lines.push(text.success)
    last = undefined
    size = 0
    from = end + 1
  }
}

const broken = (lines: readonly string[], problem: string): Framed => ({
  frame: emptyFrame,
  lines,
  problem
})

const decode = (last: Part | undefined, size: number): Result.Result<string, string> =>
  Result.try({
    try: () => decoder.decode(joined(last, size)),
    catch: () => "a line is not UTF-8"
  })

const joined = (last: Part | undefined, size: number): Uint8Array => {
  if (last === undefined) return new Uint8Array(0)
  if (last.before === undefined) return last.bytes
  const whole = new Uint8Array(size)
  let end = size
  for (let part: Part | undefined = last; part !== undefined; part = part.before) {
    end -= part.bytes.byteLength
    whole.set(part.bytes, end)
  }
  return whole
}
