/**
 * `troupe doctor`: what of this host an engine would use, tried rather than believed, and what to
 * do about what is missing. Starts no guest but the one that shows whether KVM runs any.
 */
import * as Effect from "effect/Effect"
import { Ids } from "../base/ids.ts"
import { configBytesMax, socketPathBytesMax } from "../base/limits.ts"
import { load } from "../config/snapshot.ts"
import { cgroupHost } from "../host/cgroup.ts"
import { Files } from "../host/files.ts"
import { makeProber } from "../qemu/probe.ts"
import type { Failure } from "./engine.ts"
import { daemonFinding, iommu, kvmDevice, peersFinding, ports } from "./doctor-host.ts"
import { Reported } from "./failure.ts"
import { type Finding, ok, type Verdict } from "./finding.ts"
import { Home } from "./home.ts"
import { type Format, printData, printTable } from "./output.ts"
import { scratchDirectory } from "./scratch.ts"
import { Screen, type Style } from "./screen.ts"

const versionText = ({ major, minor, micro }: { major: number; minor: number; micro: number }) =>
  `${major}.${minor}.${micro}`

/** QEMU of this host's own architecture, and whether KVM really runs a guest. */
const qemu = Effect.fnUntraced(
  function* (configured: string) {
    const { emulatorFor } = yield* Home
    const directory = yield* scratchDirectory
    const prober = yield* makeProber({
      scratchDirectory: directory,
      cacheDirectory: directory,
      root: yield* (yield* Ids).uuid
    })
    const binary = configured === "" ? emulatorFor(undefined) : configured
    const found = yield* prober.withKvm(binary)
    const { kvm, tcg } = found.accelerators
    const count = found.machines.length
    const findings: readonly Finding[] = [
      ok("QEMU", `${binary}, version ${versionText(found.version)}, ${count} machine types`),
      kvm === "usable"
        ? ok("KVM", "a trial guest ran")
        : {
            what: "KVM",
            verdict: "warning",
            detail: kvm.unusable,
            next: "guests of type 'qemu' run without it, many times slower"
          },
      tcg
        ? ok("TCG", "guests of type 'qemu' run")
        : { what: "TCG", verdict: "warning", detail: "this QEMU was built without it" }
    ]
    return findings
  },
  Effect.scoped,
  Effect.catch(({ message }: Failure) =>
    Effect.succeed<readonly Finding[]>([
      {
        what: "QEMU",
        verdict: "failed",
        detail: message,
        next: "Debian: apt-get install qemu-system-x86; elsewhere set troupe_emulator"
      }
    ])
  )
)

const stat = (path: string) => Effect.flatMap(Files, (files) => Effect.option(files.stat(path)))

/** The nearest directory that exists, upwards. */
const nearest = (path: string): Effect.Effect<string, never, Files> =>
  Effect.flatMap(stat(path), (found) =>
    found._tag === "Some" || path === "/"
      ? Effect.succeed(path)
      : nearest(path.slice(0, path.lastIndexOf("/")) || "/")
  )

/** Tried by making a file, for permissions alone do not tell of a read-only disk. */
const rootFinding = (root: string) =>
  Effect.gen(function* () {
    const files = yield* Files
    const place = yield* nearest(root)
    const path = `${place}/.troupe-doctor-${yield* (yield* Ids).token}`
    const file = yield* files.open(path, "create", 0o600)
    yield* files.close(file)
    yield* files.unlink(path)
    const detail = place === root ? `${root} can be written` : `${root} will be made in ${place}`
    return ok("root", detail)
  }).pipe(
    Effect.catch(({ message }) =>
      Effect.succeed<Finding>({
        what: "root",
        verdict: "failed",
        detail: message,
        next: "choose another --root, or make this one writable"
      })
    )
  )

const lockFinding = (root: string) =>
  Effect.gen(function* () {
    const files = yield* Files
    if ((yield* stat(`${root}/lock`))._tag === "None") return ok("lock", "no engine has been here")
    return yield* files.lock(`${root}/lock`).pipe(
      Effect.as(ok("lock", "no engine works on this root now")),
      Effect.catch(() =>
        files.read(`${root}/holder`, 1024).pipe(
          Effect.map((bytes) => new TextDecoder().decode(bytes).trim()),
          Effect.orElseSucceed(() => "another engine"),
          Effect.map(
            (holder): Finding => ({
              what: "lock",
              verdict: "warning",
              detail: `the root is in use by ${holder}`,
              next: "commands ask it where it is a daemon, and have to wait where it is not"
            })
          )
        )
      )
    )
  }).pipe(Effect.scoped)

/** `run/EPOCH/NAME.sock`: what the store leaves room for. */
const socketRoom = 43

const socketFinding = (root: string): Finding => {
  const length = new TextEncoder().encode(`${root}/run`).length
  const most = socketPathBytesMax - socketRoom
  return length <= most
    ? ok("socket paths", `${length} bytes before the guests' own part, at most ${most}`)
    : {
        what: "socket paths",
        verdict: "warning",
        detail: `'${root}/run' has ${length} bytes, more than ${most}`,
        next: "sockets go to a shorter directory, and ROOT/run links to it"
      }
}

const cgroupFinding = Effect.match(cgroupHost, {
  onSuccess: ({ controllers }) => ok("cgroups", `version 2 with ${controllers.join(", ")}`),
  onFailure: ({ message }): Finding => ({
    what: "cgroups",
    verdict: "warning",
    detail: message,
    next: "guests run without a control group; limits by cgroup are refused"
  })
})

/** The configuration as far as it can be taken, and what is to be said of it. */
const configured = Effect.fnUntraced(function* (root: string) {
  const path = `${root}/etc/qemu.conf`
  const bytes = yield* Effect.option((yield* Files).read(path, configBytesMax))
  const text = bytes._tag === "None" ? "" : new TextDecoder().decode(bytes.value)
  const loaded = load(text, { number: 1, path })
  if (loaded._tag === "Failure") {
    const wrong: Finding = {
      what: "config",
      verdict: "failed",
      detail: loaded.failure.message,
      next: "correct the file; 'troupe config show' says more"
    }
    return { finding: wrong, emulator: "" }
  }
  const { warnings, values } = loaded.success
  const detail =
    bytes._tag === "None"
      ? `${path} is not there: defaults`
      : `${path}, ${warnings.length} warnings`
  return { finding: ok("config", detail), emulator: values.troupeEmulator }
})

const styles: { readonly [verdict in Verdict]: Style } = {
  ok: "good",
  warning: "warn",
  failed: "bad"
}

/** Fails when something is missing without which no guest runs. */
export const doctor = Effect.fnUntraced(function* (root: string | undefined, format: Format) {
  const screen = yield* Screen
  const { defaultRoot, version, runtime, uid } = yield* Home
  const place = root ?? defaultRoot
  const user = uid === 0 ? "root" : `uid ${uid}, without privileges`
  const { finding: config, emulator } = yield* configured(place)
  const findings: readonly Finding[] = [
    ok("troupe", `version ${version} on ${runtime}, as ${user}`),
    ...(yield* qemu(emulator)),
    yield* rootFinding(place),
    yield* lockFinding(place),
    socketFinding(place),
    config,
    yield* cgroupFinding,
    yield* kvmDevice,
    yield* iommu,
    ...(yield* ports),
    yield* daemonFinding(place),
    yield* peersFinding
  ]
  if (format !== "table") yield* printData(format, findings)
  else {
    yield* printTable(
      ["WHAT", "VERDICT", "DETAIL"],
      findings.map(({ what, verdict, detail }) => [
        { text: what },
        { text: verdict, paint: (text) => screen.paint(styles[verdict], text) },
        { text: detail.replaceAll("\n", "; ") }
      ])
    )
    for (const { what, next } of findings)
      if (next !== undefined) yield* screen.write(`${what}: ${next}\n`)
  }
  if (findings.some(({ verdict }) => verdict === "failed"))
    return yield* new Reported({ code: "host" })
})
