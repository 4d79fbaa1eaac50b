/**
 * Goal: a definition is understood as libvirt understands it, and what is not acted on is kept,
 * told and able to forbid a start.
 * Method: small definitions, each with one thing to see.
 */
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { keptIn, keptThatForbidsStart } from "../../../src/model/kept.ts"
import { formatDomain, type ParseOptions, parseDomain } from "../../../src/xml/domain.ts"

const definition = (parts: { readonly top?: string; readonly devices?: string } = {}) => `
<domain type='qemu' id='7'>
  <name>web &amp; mail</name>
  <uuid>C7A5FDBD-EDAF-9455-926A-D65C16DB1809</uuid>
  <memory unit='MiB'>64</memory>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  ${parts.top ?? ""}
  <devices>${parts.devices ?? ""}</devices>
</domain>`

const parsed = (text: string, options?: ParseOptions) =>
  Result.getOrThrow(parseDomain(text, options))

const failure = (text: string) => {
  const result = parseDomain(text)
  return Result.isFailure(result) ? result.failure.message : "was accepted"
}

test("says what silence means", () => {
  const { domain, reports } = parsed(definition())
  expect(reports).toEqual([])
  expect(domain).toEqual({
    type: "qemu",
    name: "web & mail",
    uuid: "c7a5fdbd-edaf-9455-926a-d65c16db1809",
    metadata: [],
    memory: { maximumKiB: 65_536, currentKiB: 65_536 },
    vcpus: { maximum: 1, placement: "static" },
    os: { type: "hvm", arch: "x86_64", machine: "q35", firmwareFeatures: [], boot: ["hd"] },
    features: { acpi: false, pae: false, viridian: false, privnet: false },
    clock: { offset: "utc", timers: [] },
    onPoweroff: "destroy",
    onReboot: "restart",
    onCrash: "destroy",
    devices: [],
    seclabels: []
  })
})

test("writes as libvirt does", () => {
  const { domain } = parsed(definition({ devices: "<input type='tablet' bus='usb'/>" }))
  expect(formatDomain(domain)).toBe(`<domain type='qemu'>
  <name>web &amp; mail</name>
  <uuid>c7a5fdbd-edaf-9455-926a-d65c16db1809</uuid>
  <memory unit='KiB'>65536</memory>
  <currentMemory unit='KiB'>65536</currentMemory>
  <vcpu placement='static'>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <boot dev='hd'/>
  </os>
  <clock offset='utc'/>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <devices>
    <input type='tablet' bus='usb'/>
  </devices>
</domain>
`)
})

test.each([
  ["1", "b", 1],
  ["1025", "bytes", 2],
  ["1", "KB", 1],
  ["1", "k", 1],
  ["1", "KiB", 1],
  ["1000", "MB", 976_563],
  ["3", "MiB", 3_072],
  ["2", "g", 2_097_152],
  ["1", "TiB", 1_073_741_824]
])("reads %s %s as %i KiB", (number, unit, sizeKiB) => {
  const text = definition().replace("<memory unit='MiB'>64<", `<memory unit='${unit}'>${number}<`)
  expect(parsed(text).domain.memory.maximumKiB).toBe(sizeKiB)
})

test("takes a UUID from the caller only where the definition has none", () => {
  const uuid = "00000000-1111-2222-3333-444444444444"
  const without = definition().replace(/<uuid>.*<\/uuid>/, "")
  expect(parsed(without, { uuid }).domain.uuid).toBe(uuid)
  expect(parsed(definition(), { uuid }).domain.uuid).toBe("c7a5fdbd-edaf-9455-926a-d65c16db1809")
  expect(failure(without)).toBe("line 2, column 1: /domain: there is no uuid")
})

test("guesses a disk's bus from its target, never SATA, and sorts disks within a bus", () => {
  const targets = ["sdb", "vdb", "hdc", "vda", "sda"]
  const devices = targets.map((dev) => `<disk><target dev='${dev}'/></disk>`).join("")
  const disks = parsed(definition({ devices })).domain.devices.flatMap((device) =>
    device.kind === "disk"
      ? [`${device.target.dev} ${device.target.bus} ${device.driver?.type}`]
      : []
  )
  expect(disks).toEqual([
    "sda scsi raw",
    "sdb scsi raw",
    "vda virtio raw",
    "vdb virtio raw",
    "hdc ide raw"
  ])
})

test("keeps what is known, in its place, and says what it costs", () => {
  const text = definition({
    top: "<sysinfo type='smbios'/><cputune><shares>1024</shares></cputune>",
    devices: "<disk rawio='yes'><target dev='vda'/><encryption format='luks'/></disk>"
  })
  const { domain, reports } = parsed(text)
  expect(
    reports.map(({ path, kind, consequence, line }) => [path, kind, consequence, line])
  ).toEqual([
    ["/domain/cputune", "kept", "none", 9],
    ["/domain/sysinfo", "kept", "guest", 9],
    ["/domain/devices/disk/encryption", "kept", "security", 10]
  ])
  expect(reports[1]?.sentence).toBe(
    "<sysinfo> is not acted on yet: it is kept, and the guest cannot start with it"
  )
  const written = formatDomain(domain)
  expect(written.indexOf("<cputune>")).toBeLessThan(written.indexOf("<sysinfo type='smbios'/>"))
  expect(written.indexOf("<sysinfo")).toBeLessThan(written.indexOf("<os>"))
  expect(written).toContain("<encryption format='luks'/>")
})

test("remembers in the definition what forbids a start, whole devices included", () => {
  const text = definition({
    top: "<launchSecurity type='sev'/><perf/>",
    devices: "<tpm model='tpm-tis'/><lease/><bird/>"
  })
  const again = parsed(formatDomain(parsed(text).domain)).domain
  expect(
    keptThatForbidsStart(again).map(({ owner, kept }) => [
      owner,
      kept.consequence,
      kept.what === "element" ? kept.element.name : kept.attribute.name
    ])
  ).toEqual([
    ["devices[0]", "security", "lease"],
    ["devices[1]", "guest", "tpm"],
    ["", "security", "launchSecurity"]
  ])
  expect(keptIn(again).map(({ kept }) => kept.isKnown)).toEqual([true, true, false, true, true])
})

test("keeps strangers, second copies and strange text apart from each other", () => {
  const text = definition({ top: "<name>other</name><bird wing='2'/>words", devices: "" })
  const { domain, reports } = parsed(text)
  expect(domain.name).toBe("web & mail")
  expect(reports.map(({ sentence }) => sentence)).toEqual([
    "<name> is there more than once: the first one counts, this one is kept",
    "<bird> is not known: it is kept and has no effect",
    "'words' is text where none has a meaning: it is not kept"
  ])
  expect(formatDomain(domain)).toContain("<bird wing='2'/>\n</domain>")
})

test("keeps a namespace with what uses it", () => {
  const text = definition({
    top: `<metadata><m:app xmlns:m='urn:m' m:a='1'>a<m:b/>c</m:app></metadata>
      <q:commandline><q:arg value='-foo'/></q:commandline>`
  }).replace(
    "id='7'",
    "xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0' xmlns:z='urn:z' z:z='1'"
  )
  const { domain, reports } = parsed(text)
  const written = formatDomain(domain)
  expect(written).toContain("<m:app xmlns:m='urn:m' m:a='1'>a<m:b/>c</m:app>")
  expect(written).toContain("<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'>")
  expect(written).toContain("xmlns:z='urn:z' z:z='1'")
  expect(reports.map(({ path, consequence }) => [path, consequence])).toEqual([
    ["/domain/q:commandline", "guest"],
    ["/domain/@z:z", "none"]
  ])
  expect(formatDomain(parsed(written).domain)).toBe(written)
})

test("passes over what only a running guest has, and keeps it for one", () => {
  const devices = `
    <disk><source file='/a' index='2'/><target dev='vda'/><alias name='virtio-disk0'/></disk>
    <disk><target dev='vdb'/><alias name='ua-mine'/></disk>
    <interface type='bridge'><source bridge='br0'/><target dev='vnet3'/></interface>
    <console type='pty' tty='/dev/pts/1'><source path='/dev/pts/1'/></console>
    <graphics type='vnc' port='5901' autoport='yes'/>`
  const dead = formatDomain(parsed(definition({ devices })).domain)
  for (const gone of ["index=", "virtio-disk0", "vnet3", "/dev/pts", "5901", "id='7'"]) {
    expect(dead).not.toContain(gone)
  }
  expect(dead).toContain("<alias name='ua-mine'/>")
  expect(dead).toContain("<graphics type='vnc' port='-1' autoport='yes'>")
  const { domain } = parsed(definition({ devices }), { kind: "active" })
  const running = formatDomain(domain, { kind: "active", id: 7 })
  for (const there of ["index='2'", "virtio-disk0", "vnet3", "/dev/pts/1", "'5901'", "id='7'"]) {
    expect(running).toContain(there)
  }
})

test("leaves out passwords when asked to", () => {
  const devices =
    "<graphics type='vnc' port='5901' passwd='secret' passwdValidTo='2030-01-01T00:00:00'/>"
  const { domain } = parsed(definition({ devices }))
  expect(formatDomain(domain)).toContain("passwd='secret'")
  expect(formatDomain(domain, { withSecrets: false })).not.toMatch(/secret|passwd/)
})

test("names the attribute, the value and the choices", () => {
  const devices = "\n<disk device='disc'><target dev='vda'/></disk>"
  expect(failure(definition({ devices }))).toBe(
    "line 11, column 7: /domain/devices/disk: attribute 'device': " +
      "'disc' is not one of disk, cdrom, floppy, lun"
  )
})

test("tells twins apart by number", () => {
  const devices = "<disk><target dev='vda'/></disk><disk><target dev='vdb' bird='1'/></disk>"
  expect(parsed(definition({ devices })).reports.map(({ path }) => path)).toEqual([
    "/domain/devices/disk[2]/target/@bird"
  ])
})
