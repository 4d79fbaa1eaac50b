/**
 * Goal: what a definition asks for and nothing acts on is refused at the start where it guards.
 * Method: definitions with each kind of security label, read from their XML.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { startRefusal } from "../../../src/qemu/refusal.ts"
import { parseDomain } from "../../../src/xml/domain.ts"

const refusalOf = (label: string): string | undefined => {
  const xml =
    "<domain type='qemu'><name>a</name><uuid>11111111-2222-4333-8444-555555555555</uuid>" +
    `<memory>1024</memory><os><type>hvm</type></os>${label}</domain>`
  return startRefusal(Result.getOrThrow(parseDomain(xml)).domain)?.message
}

test("a label that nothing would put on the guest is refused, by name", () => {
  for (const model of ["dac", "selinux", "apparmor"])
    expect(
      refusalOf(`<seclabel type='static' model='${model}'><label>x</label></seclabel>`)
    ).toContain(`model='${model}'`)
  expect(refusalOf("<seclabel type='dynamic' model='selinux' relabel='yes'/>")).toContain("selinux")
})

test("no label, none, and libvirt's own account label are taken", () => {
  expect(refusalOf("")).toBe(undefined)
  expect(refusalOf("<seclabel type='none'/>")).toBe(undefined)
  expect(refusalOf("<seclabel type='dynamic' model='dac' relabel='yes'/>")).toBe(undefined)
})

const cardRefusal = (type: string, source: string, vlan: string): string | undefined =>
  refusalOf(`<devices><interface type='${type}'>${source}${vlan}</interface></devices>`)

test("a VLAN is taken for a card of the host, and there one plain tag", () => {
  const tag = "<tag id='42'/>"
  const host = "<source><address type='pci' domain='0' bus='6' slot='16' function='2'/></source>"
  expect(cardRefusal("hostdev", host, `<vlan>${tag}</vlan>`)).toBe(undefined)
  expect(cardRefusal("bridge", "<source bridge='br0'/>", `<vlan>${tag}</vlan>`)).toContain("<vlan>")
  for (const vlan of [
    "<vlan/>",
    `<vlan trunk='yes'>${tag}</vlan>`,
    `<vlan>${tag}<tag id='43'/></vlan>`,
    "<vlan trunk='yes'><tag id='42' nativeMode='untagged'/></vlan>"
  ])
    expect(cardRefusal("hostdev", host, vlan)).toContain("<vlan>")
})
