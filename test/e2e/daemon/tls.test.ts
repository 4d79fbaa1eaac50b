// Goal: over TLS only clients with a certificate of our CA and a name on the list come in; they are
// told so by one byte, and are served as all others. Method: a CA made by openssl for the test, a
// client of Node's, and Debian's virsh, which speaks TLS by GnuTLS.
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { connect } from "node:tls"
import { expect, test } from "vitest"
import { Framer } from "../../../src/rpc/protocol/framer.ts"
import { openPacket, status } from "../../unit/rpc/server/client.ts"
import { scratch, startDaemon, virsh } from "./stage.ts"

const openssl = (directory: string, ...words: readonly (readonly string[])[]) =>
  execFileSync("openssl", words.flat(), { cwd: directory, stdio: "ignore" })

interface Issue {
  readonly name: string
  readonly subject: string
  readonly by?: string
}

/** A key and a certificate; of a CA that signs itself, or by one that is there. */
const issue = (directory: string, { name, subject, by }: Issue): void => {
  const key = ["-newkey", "rsa:2048", "-nodes", "-keyout", `${name}key.pem`, "-subj", subject]
  if (by === undefined) {
    openssl(directory, ["req", "-x509", "-days", "2"], key, ["-out", `${name}cert.pem`])
    return
  }
  writeFileSync(
    join(directory, "extensions"),
    "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
  )
  openssl(directory, ["req", "-new"], key, ["-out", `${name}.csr`])
  openssl(
    directory,
    ["x509", "-req", "-days", "2", "-in", `${name}.csr`, "-CA", `${by}cert.pem`],
    ["-CAkey", `${by}key.pem`, "-CAcreateserial", "-extfile", "extensions"],
    ["-out", `${name}cert.pem`]
  )
}

const stage = async (names: string) => {
  const directory = scratch()
  const pki = join(directory, "pki")
  mkdirSync(pki)
  issue(pki, { name: "ca", subject: "/CN=Test CA" })
  issue(pki, { name: "otherca", subject: "/CN=Other CA" })
  issue(pki, { name: "server", subject: "/CN=localhost", by: "ca" })
  issue(pki, { name: "client", subject: "/O=Troupe/CN=alice", by: "ca" })
  issue(pki, { name: "stranger", subject: "/O=Troupe/CN=alice", by: "otherca" })
  const root = join(directory, "r")
  mkdirSync(join(root, "etc"), { recursive: true })
  const lines = [
    `ca_file = "${pki}/cacert.pem"`,
    `cert_file = "${pki}/servercert.pem"`,
    `key_file = "${pki}/serverkey.pem"`,
    `tls_allowed_dn_list = [ ${names} ]`
  ]
  writeFileSync(join(root, "etc/libvirtd.conf"), `${lines.join("\n")}\n`)
  const daemon = await startDaemon(root, { args: ["--listen", "tls:127.0.0.1:0"] })
  const address = daemon.addresses.find((one) => one.startsWith("tls:")) ?? ""
  return { pki, daemon, port: Number(address.split(":").at(-1)) }
}

/** What the server says to a client with this certificate, until it stops or ends. */
const said = (pki: string, port: number, who: string | undefined): Promise<Buffer> =>
  new Promise((resolve) => {
    const heard: Buffer[] = []
    const read = (name: string) => readFileSync(join(pki, name))
    const socket = connect({
      port,
      host: "127.0.0.1",
      ca: read("cacert.pem"),
      ...(who === undefined ? {} : { cert: read(`${who}cert.pem`), key: read(`${who}key.pem`) })
    })
    const done = () => {
      socket.destroy()
      resolve(Buffer.concat(heard))
    }
    socket.on("data", (bytes) => {
      heard.push(Buffer.from(bytes))
      if (heard.length === 1) socket.write(openPacket(4))
      else done()
    })
    socket.on("error", done)
    socket.on("close", done)
  })

test("who is on the list comes in, is told so by one byte, and is served", async () => {
  const { pki, port } = await stage('"O=*,CN=alice"')
  const heard = await said(pki, port, "client")
  expect(heard[0]).toBe(1)
  const [reply] = new Framer().push(heard.subarray(1)).packets
  expect(reply).toMatchObject({ serial: 4, status: status.ok })
})

test("virsh comes in with its certificate, and knows that nobody listens", async () => {
  const { pki, port } = await stage('"*CN=alice*"')
  const answer = await virsh(`qemu+tls://localhost:${port}/system?pkipath=${pki}`, "hostname")
  expect(answer.error).toBe("")
  expect(answer.code).toBe(0)
})

test("a name that is not on the list, another CA, or no certificate: no byte", async () => {
  const { pki, port, daemon } = await stage('"CN=bob*"')
  expect(await said(pki, port, "client")).toHaveLength(0)
  expect(await said(pki, port, "stranger")).toHaveLength(0)
  expect(await said(pki, port, undefined)).toHaveLength(0)
  await daemon.until("is not allowed in")
})

test("certificates that are missing are an error at the start, by name", async () => {
  const root = join(scratch(), "r")
  mkdirSync(join(root, "etc"), { recursive: true })
  writeFileSync(join(root, "etc/libvirtd.conf"), 'ca_file = "/nowhere/ca.pem"\n')
  const started = startDaemon(root, { args: ["--listen", "tls:127.0.0.1:0"] })
  await expect(started).rejects.toThrow("/nowhere/ca.pem")
})

test("a certificate that is none is named, at the start and at a reload", async () => {
  const { pki, daemon, port } = await stage('"O=Troupe,CN=alice"')
  const path = join(pki, "servercert.pem")
  writeFileSync(path, "nothing of the kind\n")
  daemon.child.kill("SIGHUP")
  await daemon.until(`reload: cannot use '${path}'`)
  expect((await said(pki, port, "client"))[0]).toBe(1)

  const root = join(scratch(), "r")
  mkdirSync(join(root, "etc"), { recursive: true })
  const files = { ca_file: "cacert", cert_file: "servercert", key_file: "serverkey" }
  const lines = Object.entries(files).map(([key, name]) => `${key} = "${pki}/${name}.pem"`)
  writeFileSync(join(root, "etc/libvirtd.conf"), `${lines.join("\n")}\n`)
  const started = startDaemon(root, { args: ["--listen", "tls:127.0.0.1:0"] })
  await expect(started).rejects.toThrow(`cannot use '${path}'`)
})

test("an address that is none is an error of the words", async () => {
  const root = join(scratch(), "r")
  await expect(startDaemon(root, { args: ["--listen", "16514"] })).rejects.toThrow("tls:HOST:PORT")
})
