// Goal: libvirtd.conf's words are taken as they are meant, or named as wrong, each at its line; and
// names of certificates are matched as a whole. Method: texts in, settings or problems out.
import fc from "fast-check"
import * as Result from "effect/Result"
import { describe, expect, test } from "vitest"
import {
  defaultSettings,
  distinguishedName,
  isAllowed,
  readSettings
} from "../../../../src/rpc/server/settings.ts"
import { inheritedFrom, units } from "../../../../src/rpc/systemd.ts"

const read = (text: string) => readSettings("libvirtd.conf", text)

const problemsOf = (text: string): readonly string[] => {
  const result = read(text)
  return Result.isFailure(result)
    ? result.failure.problems.map(({ line, message }) => `${line} ${message}`)
    : []
}

describe("settings", () => {
  test("of an empty file are the usual ones", () => {
    expect(Result.getOrThrow(read(""))).toEqual(defaultSettings)
  })

  test("are taken by libvirtd.conf's words", () => {
    const text = [
      "max_clients = 100",
      "max_client_requests = 7",
      "keepalive_interval = 3",
      'unix_sock_rw_perms = "0770"',
      'unix_sock_group = "libvirt"',
      'tls_allowed_dn_list = ["CN=a", "CN=b*"]',
      'ca_file = "/ca"',
      "troupe_unix_allowed_uids = [ 0, 1000 ]"
    ].join("\n")
    expect(Result.getOrThrow(read(text))).toMatchObject({
      limits: { clientsMax: 100, callsInFlightMax: 7, keepaliveIntervalMs: 3_000 },
      readWriteMode: 0o770,
      socketGroup: "libvirt",
      allowedNames: ["CN=a", "CN=b*"],
      allowedUids: [0, 1000],
      tls: { ca: "/ca" }
    })
  })

  test("that are wrong are all named, with their lines", () => {
    const text = 'max_clients = 0\nunix_sock_rw_perms = "999"\nca_file = 7\nmax_clients\n'
    const problems = problemsOf(text)
    expect(problems.map((problem) => problem.split(" ")[0]).toSorted()).toEqual([
      "1",
      "2",
      "3",
      "4"
    ])
  })

  test("of users are numbers that a user can have", () => {
    for (const list of ['[ "root" ]', "[ -1 ]", "[ 4294967295 ]", "0"])
      expect(problemsOf(`troupe_unix_allowed_uids = ${list}\n`)).toHaveLength(1)
  })

  test("that mean nothing here are named and change nothing", () => {
    const { unknown, ...rest } = Result.getOrThrow(read("log_level = 1\nmax_workers = 20\n"))
    expect(unknown.map(({ line }) => line)).toEqual([1, 2])
    expect({ ...rest, unknown: [] }).toEqual(defaultSettings)
  })

  test("of any text are settings or problems, and never more clients than there may be", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.bigInt(), (noise, number) => {
        const result = read(`max_clients = ${number}\n${noise}`)
        if (Result.isSuccess(result))
          expect(result.success.limits.clientsMax).toBeGreaterThanOrEqual(1)
      })
    )
  })
})

describe("a certificate's name", () => {
  test("is written as libvirt's lists have it", () => {
    expect(distinguishedName({ O: "Troupe", CN: "alice" })).toBe("O=Troupe,CN=alice")
    expect(distinguishedName({ OU: ["a", "b"] })).toBe("OU=a,OU=b")
    expect(distinguishedName({ emailAddress: "a@b" })).toBe("EMAIL=a@b")
  })

  test("cannot pass for another one by what stands in a value", () => {
    expect(distinguishedName({ O: "Ours, Inc", CN: "#a " })).toBe("O=Ours\\, Inc,CN=\\#a\\ ")
    const name = distinguishedName({ CN: "alice,O=Troupe" })
    expect(isAllowed(name, ["CN=alice,O=Troupe"])).toBe(false)
  })

  test("is let in by itself, by a pattern of it, and by no list", () => {
    const name = "O=Troupe (1),CN=alice"
    for (const allowed of [undefined, [name], ["CN=bob", "O=Troupe*,CN=*"], ["*"]])
      expect(isAllowed(name, allowed)).toBe(true)
    for (const allowed of [[], ["CN=alice"], ["alice"], ["CN=.*"], [`${name}x`]])
      expect(isAllowed(name, allowed)).toBe(false)
  })

  test("a pattern matches as its regular expression would", () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 8 })
    fc.assert(
      fc.property(letters, letters, (name, pattern) => {
        const like = new RegExp(`^${pattern.replaceAll("*", ".*")}$`, "s")
        expect(isAllowed(name, [pattern])).toBe(like.test(name))
      })
    )
  })

  test("matches a pattern that is made of it, whatever is in it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (before, middle, after) => {
        const plain = (text: string) => text.replaceAll("*", "")
        const pattern = `${plain(before)}*${plain(after)}`
        expect(isAllowed(plain(before) + middle + plain(after), [pattern])).toBe(true)
      })
    )
  })
})

describe("sockets of systemd's", () => {
  const environment = { LISTEN_FDS: "2", LISTEN_PID: "7", LISTEN_FDNAMES: "troupe:troupe-ro" }

  test("are ours when they were made for our process", () => {
    expect(inheritedFrom(environment, 7)).toEqual([
      { fd: 3, isReadOnly: false },
      { fd: 4, isReadOnly: true }
    ])
    expect(inheritedFrom(environment, 8)).toEqual([])
    expect(inheritedFrom({}, 7)).toEqual([])
    expect(inheritedFrom({ ...environment, LISTEN_FDS: "1e9" }, 7)).toEqual([])
  })

  test("are named by the units as the daemon reads them", () => {
    const [service, socket, readOnly] = units({
      program: "/opt/with space/troupe",
      root: "/var/lib/100%",
      socketDirectory: "/run/libvirt"
    })
    expect(service?.text).toContain(
      'ExecStart="/opt/with space/troupe" "daemon" "--root" "/var/lib/100%%" "--socket-dir"'
    )
    expect(service?.text).toContain("KillMode=process")
    expect(socket?.text).toContain("ListenStream=/run/libvirt/libvirt-sock\n")
    const name = /FileDescriptorName=(.*)/.exec(readOnly?.text ?? "")?.[1]
    const [inherited] = inheritedFrom({ LISTEN_FDS: "1", LISTEN_PID: "1", LISTEN_FDNAMES: name }, 1)
    expect(inherited?.isReadOnly).toBe(true)
  })
})
