// Goal: definitions come, change and go by virsh as users of libvirt know it, and what is said in
// them is read back. Method: a real daemon, Debian's virsh and python3-libvirt, real QEMU.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { python, stage, virshWith } from "./stage.ts"

const withPassword = (xml: string) =>
  xml.replace("</devices>", "<graphics type='vnc' autoport='yes' passwd='sesame'/></devices>")

test("a definition is read back as it is, and as the guest has it", async () => {
  const on = await stage()
  const { ok, definition } = on
  await ok("define", definition("web", withPassword))
  await ok("start", "web")
  const live = await ok("dumpxml", "web")
  expect(live).toMatch(/^<domain type='qemu' id='1'/)
  expect(live).toContain("<alias name=")
  expect(live).not.toContain("sesame")
  const inactive = await ok("dumpxml", "web", "--inactive")
  expect(inactive).not.toMatch(/<alias |^<domain[^>]* id=/)
  expect(await ok("dumpxml", "web", "--security-info")).toContain("passwd='sesame'")
  expect(await ok("dumpxml", "web", "--inactive", "--migratable")).toContain("passwd='sesame'")
  for (const flag of ["--security-info", "--migratable"]) {
    const refused = await virshWith(on.readOnlyUri, "-r", "dumpxml", "web", flag)
    expect(refused).toMatchObject({
      code: 1,
      error: "error: operation forbidden: virDomainGetXMLDesc with secure flag"
    })
  }
  await ok("destroy", "web")
  const again = join(on.directory, "again.xml")
  writeFileSync(again, inactive)
  await ok("define", again)
  expect(await ok("dumpxml", "web")).toBe(inactive)
})

test("a client that may only read changes nothing", async () => {
  const on = await stage()
  await on.ok("define", on.definition("web"))
  const refused: readonly (readonly [api: string, ...words: readonly string[]])[] = [
    ["virDomainCreate", "start", "web"],
    ["virDomainDefineXML", "define", join(on.directory, "web.xml")],
    ["virDomainSetAutostart", "autostart", "web"],
    ["virDomainSetMetadata", "desc", "web", "text"],
    ["virDomainRename", "domrename", "web", "other"],
    ["virDomainUndefineFlags", "undefine", "web"]
  ]
  for (const [api, ...words] of refused) {
    const { code, error } = await virshWith(on.readOnlyUri, "-r", ...words)
    expect({ words, code }).toEqual({ words, code: 1 })
    expect(error).toMatch(`operation forbidden: read only access prevents ${api}`)
  }
  expect(await on.ok("domstate", "web", "--reason")).toBe("shut off (unknown)")
})

test("define makes a running transient domain persistent, undefine transient", async () => {
  const { ok, fails, definition } = await stage()
  const path = definition("web")
  await ok("create", path)
  expect(await fails("undefine", "web")).toMatch("cannot undefine transient domain")
  expect(await fails("autostart", "web")).toMatch("cannot set autostart for transient domain")
  const id = await ok("domid", "web")
  await ok("define", path)
  expect(await ok("domid", "web")).toBe(id)
  expect(await ok("list", "--persistent", "--name")).toBe("web")
  await ok("undefine", "web")
  expect(await ok("list", "--transient", "--name")).toBe("web")
  await ok("destroy", "web")
  expect(await ok("list", "--all", "--name")).toBe("")
})

test("autostart, a new name, and the flags of undefine", async () => {
  const { ok, fails, definition } = await stage()
  await ok("define", definition("web"))
  await ok("define", definition("db"))
  await ok("autostart", "web")
  expect(await ok("list", "--all", "--autostart", "--name")).toBe("web")
  await ok("autostart", "web", "--disable")
  expect(await ok("list", "--all", "--autostart", "--name")).toBe("")
  expect(await ok("domrename", "web", "shop")).toBe("Domain successfully renamed")
  expect(await fails("domrename", "shop", "db")).toMatch("belongs to domain 'db'")
  expect(await fails("domrename", "shop", "shop")).toMatch("rename domain to itself")
  expect(await fails("domstate", "web")).toMatch("failed to get domain 'web'")
  const all = ["--managed-save", "--snapshots-metadata", "--checkpoints-metadata", "--nvram"]
  expect(await ok("undefine", "shop", ...all)).toBe("Domain 'shop' has been undefined")
  expect(await ok("list", "--all", "--name")).toBe("db")
})

test("undefine wants to know what becomes of firmware variables", async () => {
  const { ok, fails, directory, definition } = await stage()
  const variables = join(directory, "variables.fd")
  const withVariables = (xml: string) =>
    xml
      .replace("machine='pc'", "machine='q35'")
      .replace(
        "<boot dev='hd'/>",
        `<loader readonly='yes' type='pflash'>${join(directory, "code.fd")}</loader>` +
          `<nvram>${variables}</nvram><boot dev='hd'/>`
      )
  writeFileSync(join(directory, "code.fd"), "")
  const path = definition("web", withVariables)
  await ok("define", path)
  writeFileSync(variables, "kept")
  expect(await fails("undefine", "web")).toMatch("cannot undefine domain with nvram")
  await ok("undefine", "web", "--keep-nvram")
  expect(readFileSync(variables, "utf8")).toBe("kept")
  await ok("define", path)
  await ok("undefine", "web", "--nvram")
  expect(() => readFileSync(variables)).toThrow("ENOENT")
})

test("title, description and other people's elements, in both definitions", async () => {
  const on = await stage()
  const { ok, fails, definition } = on
  await ok("define", definition("web"))
  await ok("desc", "web", "--title", "--new-desc", "The shop")
  await ok("desc", "web", "--new-desc", "sells things")
  expect(await ok("desc", "web", "--title")).toBe("The shop")
  expect(await ok("desc", "web")).toBe("sells things")
  expect(await ok("list", "--all", "--title")).toContain("The shop")
  const uri = "http://example.org/notes"
  expect(await fails("metadata", "web", uri)).toMatch("Requested metadata element is not present")
  const set = ["--key", "n", "--set", "<notes><line>a</line></notes>"]
  await ok("metadata", "web", uri, ...set)
  expect((await ok("metadata", "web", uri)).replace(/\s+/g, "")).toBe(
    "<notes><line>a</line></notes>"
  )
  expect(await ok("dumpxml", "web")).toContain(`<n:notes xmlns:n='${uri}'>`)
  await ok("start", "web")
  await ok("desc", "web", "--live", "--new-desc", "for now")
  expect(await ok("desc", "web")).toBe("for now")
  expect(await ok("desc", "web", "--config")).toBe("sells things")
  await ok("metadata", "web", uri, "--live", "--remove")
  expect(await fails("metadata", "web", uri, "--live")).toMatch("is not present")
  expect(await ok("metadata", "web", uri, "--config")).toContain("notes")
})

test("what cannot be a definition is refused with the place of the mistake", async () => {
  const on = await stage()
  on.definition("web")
  const refused = await python(
    on,
    `
c = libvirt.open(uri)
xml = open(directory + "/web.xml").read()
d = c.defineXML(xml)
other = xml.replace("00000000-0000-4000", "00000001-0000-4000")
says([outcome(lambda: c.defineXML("<domain")),
      outcome(lambda: c.defineXMLFlags(xml.replace("<vcpu>", "<what/><vcpu>"), 1)),
      outcome(lambda: c.defineXML(xml.replace("<vcpu>", "<what/><vcpu>"))),
      outcome(lambda: c.defineXML(other)),
      outcome(lambda: d.rename("a/b")),
      outcome(lambda: d.setMetadata(1, "two\\nlines", None, None, 0))])
`
  )
  expect(refused).toEqual([
    [27, expect.stringMatching(/^XML error: line 1, column \d+: /)],
    [27, expect.stringMatching(/^XML error: line 5, column \d+: .*what/)],
    "done",
    [9, expect.stringMatching(/^operation failed: name 'web' belongs to domain 'web' with uuid /)],
    [27, expect.stringMatching(/slash/)],
    [8, expect.stringMatching(/newlines/)]
  ])
})
