// Writes src/rpc/protocol/{types.ts,tables/*.ts} from the source of libvirt: run it with --help.
import { execFileSync } from "node:child_process"
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { accessOf, keyOfFunction } from "./rpc-tables-access.mjs"
import { programOf } from "./rpc-tables-program.mjs"
import { messageText, tableText, typesText } from "./rpc-tables-write.mjs"
import { parseXdr } from "./rpc-tables-xdr-language.mjs"

const usage = `usage: node .ci/rpc-tables.mjs PATH-TO-LIBVIRT-SOURCE [--check]

Writes the tables of libvirt's RPC and the types of its procedures into src/rpc/protocol, from the
protocol definitions and the public functions of a source tree of libvirt 9.0.0:

  apt-get source --download-only libvirt     (with deb-src in the sources of apt)
  tar xf libvirt_9.0.0.orig.tar.xz
  node .ci/rpc-tables.mjs libvirt-9.0.0

With --check it writes nothing, and fails if a file differs from what it would write.
`

// Numbers that libvirt 11.3 (to 453) and 12.8 have on top: known by name only, served as unknown.
const newerRemote = {
  444: "NETWORK_SET_METADATA",
  445: "NETWORK_GET_METADATA",
  446: "NETWORK_EVENT_CALLBACK_METADATA_CHANGE",
  447: "NODE_DEVICE_UPDATE",
  448: "DOMAIN_GRAPHICS_RELOAD",
  449: "DOMAIN_GET_AUTOSTART_ONCE",
  450: "DOMAIN_SET_AUTOSTART_ONCE",
  451: "DOMAIN_SET_THROTTLE_GROUP",
  452: "DOMAIN_DEL_THROTTLE_GROUP",
  453: "DOMAIN_EVENT_NIC_MAC_CHANGE",
  454: "DOMAIN_EVENT_VCPU_REMOVED",
  455: "DOMAIN_EVENT_CALLBACK_CHANNEL_LIFECYCLE",
  456: "DOMAIN_ANNOUNCE_INTERFACE"
}

const args = process.argv.slice(2)
const [source] = args.filter((arg) => !arg.startsWith("--"))
if (source === undefined || args.includes("--help")) {
  process.stdout.write(usage)
  process.exit(args.includes("--help") ? 0 : 2)
}

const read = (path) => readFileSync(join(source, path), "utf8")
const readAll = (pattern) => globSync(pattern, { cwd: source }).toSorted().map(read).join("\n")

const headers = readAll("include/libvirt/*.h*")
const calculated = (text) =>
  /^[\d\s+()<]+$/.test(text)
    ? text.match(/1 << \d+/)
      ? 1 << Number(text.match(/<< (\d+)/)[1])
      : text.match(/\d+/g).reduce((sum, part) => sum + Number(part), 0)
    : undefined
const flags = new Map(
  [...headers.matchAll(/\b(VIR_[A-Z0-9_]+)\s*(?:=\s*|\s)(\(?\d[^,\n/]*)/g)]
    .map(([, name, text]) => [name, calculated(text.trim())])
    .filter(([, value]) => value !== undefined)
)

const publicCode = readAll("src/libvirt*.c")
const isQemu = (name) => name.includes("Qemu")
const functionsOf = (belongs) =>
  new Map(
    accessOf(publicCode)
      .filter(([name]) => belongs(name))
      .map(([api, access]) => [keyOfFunction(api), { api, access }])
  )

const message = parseXdr(read("src/rpc/virnetprotocol.x"), flags)
const parsed = { remote: parseXdr(read("src/remote/remote_protocol.x"), flags) }
parsed.qemu = parseXdr(read("src/remote/qemu_protocol.x"), flags, parsed.remote.types)
parsed.keepalive = parseXdr(read("src/rpc/virkeepaliveprotocol.x"), flags)

// The header is read by hand: it stands before each payload, and all of its words are four bytes.
const messageTypes = [...message.types].filter(([name]) => !/(Type|Status|Header)$/.test(name))
const types = new Map([...messageTypes, ...Object.values(parsed).flatMap((one) => [...one.types])])
const noFunctions = new Map()
const programs = {
  remote: programOf({
    prefix: "remote",
    parsed: parsed.remote,
    functions: functionsOf((name) => !isQemu(name)),
    flags
  }),
  qemu: programOf({ prefix: "qemu", parsed: parsed.qemu, functions: functionsOf(isQemu), flags }),
  keepalive: programOf({
    prefix: "keepalive",
    parsed: parsed.keepalive,
    functions: noFunctions,
    flags,
    isNotice: true
  })
}

const folder = join(import.meta.dirname, "../src/rpc/protocol")
const biome = join(import.meta.dirname, "../node_modules/.bin/biome")
const formatted = (path, text) =>
  execFileSync(biome, ["format", `--stdin-file-path=${path}`], {
    input: text,
    encoding: "utf8",
    cwd: join(import.meta.dirname, ".."),
    maxBuffer: 64 * 1024 * 1024
  })

const files = {
  "types.ts": typesText(programs, types),
  "tables/message.ts": messageText(messageTypes),
  "tables/remote.ts": tableText("remote", programs.remote, newerRemote),
  "tables/qemu.ts": tableText("qemu", programs.qemu),
  "tables/keepalive.ts": tableText("keepalive", programs.keepalive)
}
let isStale = false
for (const [name, text] of Object.entries(files)) {
  const path = join(folder, name)
  const wanted = formatted(`src/rpc/protocol/${name}`, text)
  if (!args.includes("--check")) writeFileSync(path, wanted)
  else if (readFileSync(path, "utf8") !== wanted) {
    isStale = true
    console.error(`${path} differs from what the source says`)
  }
}
process.exitCode = isStale ? 1 : 0
