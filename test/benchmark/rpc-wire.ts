/**
 * A client of libvirt's RPC that costs next to nothing, so that what is measured is the daemon:
 * calls go out as bytes made beforehand, answers are counted and not decoded.
 */
import { once } from "node:events"
import net from "node:net"
import * as Result from "effect/Result"
import { encodeArgs } from "../../src/rpc/protocol/codec.ts"
import { type ArgsOf, type ProcedureName, procedure } from "../../src/rpc/protocol/procedures.ts"

type Name = ProcedureName<"remote">

/** The bytes of a call. Every serial may be the same: one answer is waited for at a time. */
export const callBytes = <N extends Name>(name: N, args: ArgsOf<"remote", N>): Uint8Array =>
  Result.getOrThrow(encodeArgs(procedure("remote", name), 1, args))

const authList = callBytes("AUTH_LIST", undefined)
const open = callBytes("CONNECT_OPEN", { name: "qemu:///system", flags: 0 })
const statusAt = 24

export class WireClient {
  readonly #socket: net.Socket
  #chunks: Buffer[] = []
  #size = 0
  #waiting: { resolve: (answer: Buffer) => void; reject: (error: Error) => void } | undefined

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on("data", (chunk) => this.#received(chunk))
    socket.on("error", () => {})
    socket.on("close", () => this.#waiting?.reject(new Error("the daemon closed the connection")))
  }

  /** Connected, not opened. */
  static async connect(path: string): Promise<WireClient> {
    const socket = net.connect(path)
    await once(socket, "connect")
    return new WireClient(socket)
  }

  static async open(path: string): Promise<WireClient> {
    const client = await WireClient.connect(path)
    try {
      await client.call(authList)
      await client.call(open)
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  /** Sends, and waits for the whole answer: its packet, header and all. */
  call(bytes: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) return reject(new Error("the connection is closed"))
      this.#waiting = { resolve, reject }
      this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #received(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#size < 4) return
    const first = this.#chunks[0] ?? chunk
    const head = first.length < 4 ? Buffer.concat(this.#chunks) : first
    if (this.#size < head.readUInt32BE(0)) return
    const answer = this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)
    const waiting = this.#waiting
    this.#chunks = []
    this.#size = 0
    this.#waiting = undefined
    if (answer.readUInt32BE(statusAt) === 0) waiting?.resolve(answer)
    else waiting?.reject(new Error(`the call was refused: ${answer.toString("latin1", 28, 300)}`))
  }
}
