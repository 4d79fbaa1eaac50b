/**
 * Goal: a daemon on another host is asked over TLS, with certificates on both sides; one that does
 * not take ours, or whose own is not good, is said so.
 * Method: a CA made by openssl for the test, a real daemon on a port of its choice.
 */
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { scratch, startDaemon } from "./daemon/stage.ts"
import { troupe } from "./faces-stage.ts"

const subjects = "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth"

/** A CA and certificates by it: `cacert.pem`, and `NAMEcert.pem` with its key for each name. */
const makePki = (directory: string, names: readonly string[]): string => {
  const openssl = (words: string) =>
    execFileSync("openssl", words.split(" "), { cwd: directory, stdio: "ignore" })
  mkdirSync(directory)
  writeFileSync(join(directory, "ext"), `${subjects}\n`)
  const key = "-newkey rsa:2048 -nodes"
  openssl(`req -x509 -days 2 ${key} -keyout cakey.pem -subj /CN=CA -out cacert.pem`)
  for (const name of names) {
    openssl(`req -new ${key} -keyout ${name}key.pem -subj /CN=${name} -out ${name}.csr`)
    openssl(
      `x509 -req -days 2 -in ${name}.csr -CA cacert.pem -CAkey cakey.pem -CAcreateserial ` +
        `-extfile ext -out ${name}cert.pem`
    )
  }
  return directory
}

test("a daemon is asked over TLS by who has a certificate of its CA only", async () => {
  const directory = scratch()
  const root = join(directory, "r")
  const pki = makePki(join(directory, "pki"), ["server", "client"])
  const other = makePki(join(directory, "other"), ["client"])
  mkdirSync(join(root, "etc"), { recursive: true })
  const settings = { ca_file: "cacert", cert_file: "servercert", key_file: "serverkey" }
  const lines = Object.entries(settings).map(([key, name]) => `${key} = "${pki}/${name}.pem"\n`)
  writeFileSync(join(root, "etc/libvirtd.conf"), lines.join(""))
  const { addresses } = await startDaemon(root, { args: ["--listen", "tls:127.0.0.1:0"] })
  const port = addresses
    .find((one) => one.startsWith("tls:"))
    ?.split(":")
    .at(-1)
  const ask = (where: string) =>
    troupe(["-c", `qemu+tls://127.0.0.1:${port}/system?pkipath=${where}`, "uri"], { directory })
      .ended
  expect(await ask(pki)).toMatchObject({ code: 0, out: expect.stringMatching(/^qemu:\/\/\//) })
  // Its CA is not ours.
  expect(await ask(other)).toMatchObject({
    code: 7,
    err: expect.stringContaining("SELF_SIGNED_CERT_IN_CHAIN")
  })
  // Ours is not of its CA.
  copyFileSync(join(pki, "cacert.pem"), join(other, "cacert.pem"))
  expect(await ask(other)).toMatchObject({
    code: 7,
    err: expect.stringContaining("it does not take our certificate")
  })
  expect(await ask(join(directory, "none"))).toMatchObject({
    code: 7,
    err: expect.stringContaining("cacert.pem")
  })
}, 60_000)
