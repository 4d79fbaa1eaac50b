/**
 * Goal: Perl's Sys::Virt, which the clouds' agents and libvirt's own test suite use, finds Troupe a
 * libvirt like any other. Method: Debian's libsys-virt-perl; a script does and tells, this file
 * judges; a real daemon and real QEMU.
 */
import { join } from "node:path"
import { expect, test } from "vitest"
import { needs, runs, stage, told } from "./stage.ts"

const [running, off] = [1, 5]

const refused = (error: number) => ({ error, why: expect.any(String) })

test("a guest's life and its events, in libvirt's loop", async () => {
  needs({ "/usr/lib/x86_64-linux-gnu/perl5/5.36/Sys/Virt.pm": "libsys-virt-perl" })
  const on = await stage()
  on.definition("web")
  const script = join(import.meta.dirname, "whole.pl")
  const answers = told(await runs("/usr/bin/perl", [script, on.uri, on.directory]))
  expect(answers).toMatchObject({
    version: expect.any(Number),
    type: "QEMU",
    hostname: expect.any(String),
    "node info": "x86_64",
    capabilities: expect.stringContaining("<domain type='qemu'/>"),
    networks: [],
    listed: ["web"],
    "old list": ["web"],
    nobody: refused(42),
    "by uuid": "web",
    "by uuid's words": "web",
    state: [running, 1],
    info: { state: running, maxMem: 32_768, nrVirtCpu: 1 },
    xml: expect.stringMatching(/^<domain type='qemu' id='1'>/),
    "block stats": { rd_req: expect.any(Number), wr_req: expect.any(Number) },
    "memory stats": { actual_balloon: 32_768, rss: expect.any(Number) },
    "all stats": [["web", { "state.state": running, "state.reason": 1 }]],
    "destroyed again": refused(55),
    "listed at last": []
  })
  expect(answers["heard"]).toEqual([
    ["web", 0, 0],
    ["web", 2, 0],
    ["web", 3, 0],
    ["web", 4, 0],
    ["web", off, 1],
    ["web", 1, 0]
  ])
})
