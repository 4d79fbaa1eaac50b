/**
 * Goal: the generated tables agree with themselves and with what is known of libvirt's protocol.
 * Method: every name and number of them is looked up; a few facts stand as examples. Whether they
 * are what the source of libvirt says, `.ci/rpc-tables.mjs --check` tells where that source is.
 */
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { expect, test } from "vitest"
import { codingOf } from "../../../../src/rpc/protocol/compile.ts"
import {
  layoutNames,
  newerName,
  procedure,
  procedureNamed,
  procedureOf,
  procedures,
  programOf,
  programs
} from "../../../../src/rpc/protocol/procedures.ts"

const inProgram = (name: string) => procedures.filter(({ program }) => program.name === name)

test("procedures are numbered without a gap, 443 of them in the main program", () => {
  for (const [name, count] of Object.entries({ remote: 443, qemu: 7, keepalive: 2, troupe: 2 })) {
    const numbers = inProgram(name).map(({ number }) => number)
    expect(numbers).toEqual(Array.from({ length: count }, (_, index) => index + 1))
  }
})

test("every procedure is found by its number and by its name", () => {
  for (const one of procedures) {
    expect(procedureOf(one.program.number, one.number)).toBe(one)
    expect(procedureNamed(one.program.name, one.name)).toBe(one)
  }
})

test("programs have the numbers of the protocol, and no others are known", () => {
  expect(programOf(0x20008086)).toBe(programs.remote)
  expect(programOf(0x20008087)).toBe(programs.qemu)
  expect(programOf(0x6b656570)).toBe(programs.keepalive)
  // Of ours, from the range that RFC 5531 leaves to everybody.
  expect(programOf(0x20747270)).toBe(programs.troupe)
  expect(programOf(0x20008088)).toBeUndefined()
})

test("every layout can be made into functions, and takes bytes", () => {
  for (const name of layoutNames) expect(codingOf(name).leastBytes, name).toBeGreaterThanOrEqual(4)
})

test("what procedures carry is in the tables, and carried by one procedure only", () => {
  const carried = procedures.flatMap(({ args, ret, message }) =>
    [args, ret, message].filter((type) => type !== null)
  )
  expect(carried.filter((type) => !layoutNames.includes(type))).toEqual([])
  expect(new Set(carried).size).toBe(carried.length)
})

test("a message is neither called nor answered, and is no API", () => {
  const messages = procedures.filter(({ isMessage }) => isMessage)
  expect(messages.filter(({ args, ret, isWrite }) => args ?? ret ?? isWrite)).toEqual([])
  const calls = procedures.filter(({ isMessage }) => !isMessage)
  expect(calls.filter(({ message }) => message !== null)).toEqual([])
})

test("whatever a read-only connection is refused has the name that the refusal tells", () => {
  const libvirts = procedures.filter(({ program }) => program.name !== "troupe")
  const writes = libvirts.filter(({ isWrite, isWriteForSome }) => isWrite || isWriteForSome)
  const wrong = writes.filter(
    ({ api, name }) =>
      api === null ||
      api.replace("Qemu", "").toLowerCase() !== `vir${name.replaceAll("_", "").toLowerCase()}`
  )
  expect(wrong).toEqual([])
  expect(writes.filter(({ isWrite, isWriteForSome }) => isWrite && isWriteForSome)).toEqual([])
})

test("known procedures are described as libvirt's files describe them", () => {
  expect(procedure("remote", "DOMAIN_DESTROY")).toMatchObject({
    number: 12,
    api: "virDomainDestroy",
    isWrite: true,
    isHighPriority: true,
    ret: null,
    acl: ["domain:stop"]
  })
  expect(procedure("remote", "DOMAIN_GET_XML_DESC")).toMatchObject({
    number: 14,
    api: "virDomainGetXMLDesc",
    isWrite: false,
    isWriteForSome: true,
    isHighPriority: false
  })
  expect(procedure("remote", "STORAGE_VOL_UPLOAD")).toMatchObject({
    stream: "write",
    sparseFlag: 1
  })
  expect(procedure("remote", "AUTH_LIST")).toMatchObject({ number: 66, api: null, acl: [] })
  expect(procedures.filter(({ isHighPriority }) => isHighPriority).length).toBe(184 + 2)
})

test("streams are opened by the calls that clients open them with", () => {
  const opening = (direction: string) =>
    procedures.filter(({ stream }) => stream === direction).map(({ number }) => number)
  expect(opening("read")).toEqual([201, 209, 211, 296])
  expect(opening("write")).toEqual([148, 208, 215, 304])
})

test("numbers of newer clients have names, and are no procedures", () => {
  const newer = Array.from({ length: 13 }, (_, index) => 444 + index)
  const { number } = programs.remote
  expect(newer.filter((one) => newerName(number, one) === undefined)).toEqual([])
  expect(newer.filter((one) => procedureOf(number, one) !== undefined)).toEqual([])
  expect(newerName(number, 457)).toBeUndefined()
})

test("the program that writes the tables says how to run it", () => {
  const program = join(import.meta.dirname, "../../../../.ci/rpc-tables.mjs")
  const told = spawnSync(process.execPath, [program, "--help"], { encoding: "utf8" })
  expect(told.status).toBe(0)
  expect(told.stdout).toContain("PATH-TO-LIBVIRT-SOURCE")
})
