/**
 * Goal: a command line is read as far as the simulated QEMU acts on it, and refused as QEMU would.
 * Method: examples.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { keyValues, ownWords, readCommandLine } from "../../../../src/testing/qemu/command-line.ts"

const read = (...words: readonly string[]) => Result.getOrThrow(readCommandLine(words))
const failure = (...words: readonly string[]) => {
  const result = readCommandLine(words)
  return Result.isFailure(result) ? result.failure : undefined
}

test("the exec chain before QEMU's own words is skipped", () => {
  const chain = ["/usr/bin/prlimit", "--core=0:0", "/usr/bin/qemu-system-x86_64", "-S"]
  expect(ownWords(chain)).toEqual(["-S"])
  expect(ownWords(["/usr/bin/qemu-system-x86_64"])).toEqual([])
})

test("board, switches and actions", () => {
  expect(read("-machine", "none,accel=tcg:kvm", "-S")).toMatchObject({
    hasBoard: false,
    isStopped: true,
    actions: {}
  })
  expect(read("-machine", "pc-q35-7.2,usb=off", "-no-shutdown", "-no-reboot")).toMatchObject({
    hasBoard: true,
    isStopped: false,
    actions: { shutdown: "pause", reboot: "shutdown" }
  })
})

test("monitor, character devices and who uses them", () => {
  const line = read(
    ...[
      ["-chardev", "socket,id=m,fd=3,server=on,wait=off", "-mon", "chardev=m,mode=control"],
      ["-add-fd", "set=1,fd=7", "-chardev", "file,id=s,path=/dev/fdset/1,append=on"],
      ["-device", '{"driver":"isa-serial","chardev":"s","id":"serial0"}']
    ].flat()
  )
  expect(line.monitor).toBe("m")
  expect(line.chardevs).toMatchObject([
    { id: "m", kind: "socket", fd: 3, isServer: true, isUsed: false },
    { id: "s", kind: "file", fd: undefined, isUsed: true }
  ])
  expect(line.outputs).toEqual([7])
})

test("files that QEMU opens, links and nodes", () => {
  const line = read(
    ...[
      ["-blockdev", '{"driver":"file","filename":"/a,b","node-name":"n"}'],
      ["-blockdev", '{"driver":"raw","file":"n","node-name":"f"}'],
      ["-device", "virtio-blk-pci,drive=f", "-kernel", "/vmlinuz"],
      ["-netdev", "user,id=hostnet0", "-device", "virtio-net-pci,netdev=hostnet0,id=net0"]
    ].flat()
  )
  expect(line.files.map(({ path }) => path)).toEqual(["/a,b", "/vmlinuz"])
  expect(line.nodes).toEqual(["f"])
  expect(line.links).toEqual(["hostnet0", "net0"])
})

test("what QEMU dies of is told in its words", () => {
  expect(failure("-nope")).toBe("-nope: invalid option")
  expect(failure("-m")).toBe("-m: requires an argument")
  expect(failure("-machine", "nope")).toMatch(/^unsupported machine type/)
  expect(failure("-machine", "pc", "-accel", "kvm")).toMatch(/^Could not access KVM/)
  expect(failure("-machine", "pc,accel=kvm:tcg")).toBeUndefined()
})

test("key-value words: a doubled comma belongs to the value", () => {
  expect(keyValues("file,path=/a,,b,server=on,wait")).toEqual({
    driver: "file",
    path: "/a,b",
    server: "on",
    wait: "on"
  })
})
