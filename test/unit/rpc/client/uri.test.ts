/**
 * Goal: a connection URI leads where libvirt's clients would go, and one that is not ours is
 * refused with what to write instead.
 * Method: examples of each form; any text at all for the refusals.
 */
import * as Result from "effect/Result"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { parseUri, tlsPort } from "../../../../src/rpc/client/uri.ts"

const target = (uri: string) => Result.getOrThrow(parseUri(uri))

test("the two realms of this host are UNIX sockets in their usual places", () => {
  const way = { type: "unix", path: undefined }
  expect(target("qemu:///system")).toMatchObject({ name: "qemu:///system", realm: "system", way })
  expect(target("qemu:///session")).toMatchObject({ realm: "session", way })
})

test("a socket may be named, and is not told to the daemon", () => {
  expect(target("qemu+unix:///system?socket=/a%20b/libvirt-sock&mode=legacy")).toMatchObject({
    name: "qemu:///system",
    way: { type: "unix", path: "/a b/libvirt-sock" }
  })
})

test("a host means TLS, with or without a port and a place of certificates", () => {
  const usual = { type: "tls", host: "example.org", port: tlsPort, pki: undefined }
  expect(target("qemu://example.org/system").way).toEqual({ ...usual, isVerified: true })
  expect(target("qemu+tls://example.org/system").way).toEqual({ ...usual, isVerified: true })
  expect(target("qemu+tls://[::1]:99/system?pkipath=/pki&no_verify=1").way).toEqual({
    type: "tls",
    host: "::1",
    port: 99,
    pki: "/pki",
    isVerified: false
  })
})

test.each([
  ["qemu+ssh://host/system", /ssh -L/],
  ["qemu+tcp://host/system", /qemu\+tls/],
  ["xen:///system", /qemu:\/\/\/system/],
  ["test:///default", /qemu:\/\/\/system/],
  ["qemu:///embed?root=/x", /qemu:\/\/\/system/],
  ["qemu+unix://host/system", /tls/],
  ["qemu+unix:///system?socket=relative", /begin it with/],
  ["qemu:///system?keyfile=x", /known here/],
  ["qemu+tls:///system", /HOST/],
  ["qemu://host:0/system", /HOST/],
  ["qemu://host:70000/system", /HOST/]
])("%s is refused with what to write instead", (uri, next) => {
  const refused = parseUri(uri)
  expect(Result.isFailure(refused) && refused.failure.next).toMatch(next)
})

test("any text is a target or a refusal that names it", () => {
  const parts = fc.array(
    fc.oneof(
      fc.constantFrom("qemu", "+tls", "+unix", "://", "/system", "?", "socket=", "&", ":"),
      fc.string()
    ),
    { maxLength: 8 }
  )
  fc.assert(
    fc.property(parts, (words) => {
      const uri = words.join("")
      const parsed = parseUri(uri)
      if (Result.isFailure(parsed)) expect(parsed.failure.message).toContain(uri)
      else expect(parsed.success.name).toMatch(/^qemu:\/\/\/(system|session)$/)
    })
  )
})
