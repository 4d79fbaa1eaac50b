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
