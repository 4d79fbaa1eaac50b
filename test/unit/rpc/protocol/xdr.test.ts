/**
 * Goal: XDR is read strictly and written as libvirt writes it, at the edges where peers differ.
 * Method: bytes by hand against values, one trap a test; that values come back is a property
 * elsewhere.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { decodeArgs, decodeValue, encodeValue } from "../../../../src/rpc/protocol/codec.ts"
import { headerBytes, packetBytesMax } from "../../../../src/rpc/protocol/limits.ts"
import { procedure } from "../../../../src/rpc/protocol/procedures.ts"
import { Reader } from "../../../../src/rpc/protocol/reader.ts"

const header = { program: 1, version: 1, procedure: 1, type: 0, serial: 0, status: 0 }

const decoded = (type: string, hex: string) =>
  decodeValue(type, Buffer.from(hex.replaceAll(" ", ""), "hex"))

const why = (type: string, hex: string): string => {
  const result = decoded(type, hex)
  return Result.isFailure(result) ? result.failure.message : "no failure"
}

const whyNot = (type: string, value: unknown): string => {
  const result = encodeValue(header, type, value)
  return Result.isFailure(result) ? result.failure.message : "no failure"
}

const hexOf = (type: string, value: unknown): string =>
  Buffer.from(Result.getOrThrow(encodeValue(header, type, value)).subarray(headerBytes)).toString(
    "hex"
  )

const text = "remote_nonnull_string"

test("a text is its length, its bytes, and zeros up to a multiple of four", () => {
  expect(hexOf(text, "köln")).toBe("000000056bc3b66c6e000000")
  expect(decoded(text, "00000005 6bc3b66c 6e000000")).toEqual(Result.succeed("köln"))
  expect(why(text, "00000005 6bc3b66c 6e000001")).toBe(
    `cannot decode ${text} at byte 11: the padding is not zero`
  )
  expect(why(text, "00000005 6bc3b66c 6e")).toBe(
    `cannot decode ${text} at byte 9: the padding is cut off`
  )
})

test("a text must be UTF-8, without overlong forms, halves of pairs or a NUL", () => {
  for (const bytes of ["c0800000", "eda08000", "ff000000", "c3000000"]) {
    const size = { c0800000: 2, eda08000: 3, ff000000: 1, c3000000: 1 }[bytes]
    expect(why(text, `0000000${size} ${bytes}`)).toContain("the text is not UTF-8")
  }
  expect(why(text, "00000003 61006200")).toContain("the text contains a NUL")
  const long = `${"61".repeat(30)}00${"61".repeat(33)}`
  expect(why(text, `00000040 ${long}`)).toContain("the text contains a NUL")
  expect(whyNot(text, "a\0b")).toContain("the text contains a NUL")
  expect(whyNot(text, "\ud800")).toContain("the text has half of a surrogate pair")
})

test("a text's bound is in bytes, not in characters", () => {
  const most = 4 * 1024 * 1024
  expect(hexOf(text, "é".repeat(most / 2)).length).toBe(2 * (4 + most))
  expect(whyNot(text, "é".repeat(most / 2 + 1))).toContain(`more than ${most}`)
  expect(whyNot(text, "a".repeat(most + 1))).toContain(`more than ${most}`)
})

test("an array of char takes four bytes for each, and its text ends with a counted NUL", () => {
  const type = "remote_node_get_security_model_ret"
  const empty = "00000001 00000000"
  const none = "00000005 0000006e 0000006f 0000006e 00000065 00000000"
  const hex = `${none} ${empty}`
  expect(decoded(type, hex)).toEqual(Result.succeed({ model: "none", doi: "" }))
  expect(hexOf(type, { model: "none", doi: "" })).toBe(hex.replaceAll(" ", ""))
  expect(why(type, `00000001 0000006e ${empty}`)).toContain(
    "'model' at byte 8: the text has no end"
  )
  expect(why(type, `00000001 00000161 ${empty}`)).toContain("353 is outside of -128 to 255")
})

test("a char beyond ASCII is taken with and without a sign, and sent with it", () => {
  const type = "remote_auth_sasl_start_ret"
  const value = { complete: 0, nil: 0, data: new Uint8Array([0xe9, 0x61]) }
  const signed = "00000000 00000000 00000002 ffffffe9 00000061"
  expect(decoded(type, signed)).toEqual(Result.succeed(value))
  expect(decoded(type, signed.replace("ffffffe9", "000000e9"))).toEqual(Result.succeed(value))
  expect(hexOf(type, value)).toBe(signed.replaceAll(" ", ""))
})

test("a host's CPU model is 32 chars of four bytes", () => {
  const info = { memory: 1n, cpus: 2, mhz: 3, nodes: 1, sockets: 1, cores: 1, threads: 2 }
  expect(hexOf("remote_node_get_info_ret", { model: "x86_64", ...info }).length).toBe(2 * 160)
  expect(whyNot("remote_node_get_info_ret", { model: "x".repeat(32), ...info })).toContain(
    "'model': 32 bytes and a NUL are more than 32"
  )
})

test("what may be absent is absent or there, and nothing else", () => {
  expect(decoded("remote_string", "00000000")).toEqual(Result.succeed(null))
  expect(decoded("remote_string", "00000001 00000001 61000000")).toEqual(Result.succeed("a"))
  expect(why("remote_string", "00000002 00000000")).toContain("2 is outside of 0 to 1")
})

test("a typed parameter has one of the seven types", () => {
  const parameter = { field: "n", value: { type: 3, value: -1n } }
  const hex = "00000001 6e000000 00000003 ffffffffffffffff"
  expect(decoded("remote_typed_param", hex)).toEqual(Result.succeed(parameter))
  expect(hexOf("remote_typed_param", parameter)).toBe(hex.replaceAll(" ", ""))
  expect(why("remote_typed_param", "00000001 6e000000 00000008 00000000")).toContain(
    "'value' at byte 12: there is no type 8"
  )
  expect(whyNot("remote_typed_param", { field: "n", value: { type: 9, value: 1 } })).toContain(
    "there is no type 9"
  )
})

test("numbers outside of their type are refused, not cut", () => {
  const call = (id: unknown) => ({ dom: { name: "a", uuid: new Uint8Array(16), id } })
  for (const id of [2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN]) {
    expect(whyNot("remote_domain_destroy_args", call(id))).toBe(
      `cannot encode remote_domain_destroy_args 'dom.id': ${id} is not an int`
    )
  }
  const info = { maxMem: 0n, memory: 0n, nrVirtCpu: 1, cpuTime: 0n }
  expect(whyNot("remote_domain_get_info_ret", { state: 256, ...info })).toContain("'state'")
  expect(whyNot("remote_domain_get_info_ret", { state: 1, ...info, cpuTime: -1n })).toContain(
    "-1 is not an unsigned hyper"
  )
})

test("a list beyond its bound is refused on both sides", () => {
  const params = Array.from({ length: 17 }, () => ({ field: "", value: { type: 1, value: 0 } }))
  const type = "remote_domain_get_memory_parameters_ret"
  expect(whyNot(type, { params, nparams: 0 })).toContain("'params': 17 is more than 16")
  expect(why(type, `00000011 ${"00".repeat(12 * 17 + 4)}`)).toContain("'params' at byte 4")
})

test("an error names the field in a list, from the outside in", () => {
  const params = [{ field: "a", value: { type: 1, value: 0 } }]
  const good = hexOf("remote_domain_get_memory_parameters_ret", { params, nparams: 1 })
  const wrong = `${good.slice(0, 24)}0000000a${good.slice(32)}`
  expect(why("remote_domain_get_memory_parameters_ret", wrong)).toContain("'params.0.value'")
})

test("what is left over is an error, also where nothing is expected", () => {
  expect(why("remote_uuid", "00".repeat(20))).toContain("4 bytes are left over")
  const result = decodeArgs(procedure("remote", "CONNECT_GET_LIB_VERSION"), new Uint8Array(4))
  expect(Result.isFailure(result) && result.failure.message).toBe(
    "cannot decode an empty payload at byte 0: 4 bytes are left over"
  )
})

test("what does not fit into one packet is refused before it is made", () => {
  const xml = "x".repeat(4 * 1024 * 1024)
  const keys = Array.from({ length: 9 }, () => xml)
  expect(whyNot("remote_domain_authorized_ssh_keys_get_ret", { keys })).toContain(
    `it does not fit into one packet of ${packetBytesMax} bytes`
  )
  expect(hexOf(text, "small again")).toBe("0000000b736d616c6c20616761696e00")
})

test("opaque bytes are a copy that does not keep the packet", () => {
  const packet = Buffer.alloc(1024, 1)
  const uuid = new Reader(packet).opaque(16)
  expect(uuid.buffer.byteLength).toBe(16)
  packet.fill(2)
  expect([...uuid]).toEqual(Array.from({ length: 16 }, () => 1))
})
