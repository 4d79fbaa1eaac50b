// Goal: where koffi is installed the daemon knows who a local client is, and lets in the users of
// its list only; without it, it says what is missing rather than let everybody in. Method: the real
// program; koffi by NODE_PATH, once as a stand-in that names a user of the test's choice.
import { mkdirSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { expect, onTestFinished, test } from "vitest"
import { lookAtPeer } from "../../../src/host/peer.live.ts"
import { answers, dial, openedClient, scratch, startDaemon } from "./stage.ts"

/** Answers `getsockopt(SO_PEERCRED)` with pid 7, and the uid of the file. */
const standIn = (uidFile: string): string => `
const { readFileSync } = require("node:fs")
exports.load = () => ({
  func: () => (fd, level, name, value, length) => {
    if (level !== 1 || name !== 17 || length[0] !== 12 || fd < 3) return -1
    value.writeInt32LE(7, 0)
    value.writeUInt32LE(Number(readFileSync(${JSON.stringify(uidFile)}, "utf8")), 4)
    value.writeUInt32LE(100, 8)
    return 0
  }
})
`

const stage = (allowed: string) => {
  const directory = scratch()
  const root = join(directory, "r")
  mkdirSync(join(root, "etc"), { recursive: true })
  const settings = join(root, "etc/libvirtd.conf")
  writeFileSync(settings, `troupe_unix_allowed_uids = ${allowed}\n`)
  const uid = join(directory, "uid")
  writeFileSync(uid, "1000")
  const modules = join(directory, "modules")
  mkdirSync(join(modules, "koffi"), { recursive: true })
  writeFileSync(join(modules, "koffi/index.cjs"), standIn(uid))
  writeFileSync(join(modules, "koffi/package.json"), '{ "main": "index.cjs" }')
  return { root, settings, uid, modules }
}

test("users of the list come in, others are refused; a reload changes the list", async () => {
  const { root, settings, uid, modules } = stage("[ 0, 1000 ]")
  const daemon = await startDaemon(root, { env: { NODE_PATH: modules } })
  const path = daemon.addresses[0] ?? ""
  const first = await openedClient(path)
  writeFileSync(uid, "1001")
  await dial(path).untilEnd()
  await daemon.until("'uid=1001,gid=100,pid=7' is not allowed in")
  await answers(first)
  writeFileSync(settings, "troupe_unix_allowed_uids = [ 1001 ]\n# now\nlog_level = 1\n")
  daemon.child.kill("SIGHUP")
  await daemon.until("log_level: has no effect here")
  await answers(await openedClient(path))
})

test.runIf(lookAtPeer() === undefined)("a list of users without koffi is refused", async () => {
  const { root } = stage("[ 0 ]")
  await expect(startDaemon(root)).rejects.toThrow("needs the package koffi")
})

test("a client is the process that connected, or nobody is known", async () => {
  const look = lookAtPeer()
  const path = join(scratch(), "s")
  const seen = new Promise<unknown>((resolve) => {
    const server = createServer((socket) => {
      const handle = Reflect.get(socket, "_handle") as { readonly fd: number }
      resolve(look?.(handle.fd))
    })
    onTestFinished(() => void server.close())
    server.listen(path, () => {
      const client = connect(path)
      onTestFinished(() => void client.destroy())
    })
  })
  const self = { pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() }
  expect(await seen).toEqual(look === undefined ? undefined : self)
  expect(look?.(-1)).toBeUndefined()
})
