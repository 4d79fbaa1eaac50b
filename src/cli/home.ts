/**
 * What the command line has to know of the host that it runs on: places and programs. A service.
 */
import * as Context from "effect/Context"

export class Home extends Context.Service<
  Home,
  {
    readonly version: string
    readonly uid: number
    readonly workingDirectory: string
    /** The path by which standard input can be opened. */
    readonly standardInput: string
    readonly temporaryDirectory: string
    readonly defaultRoot: string
    /** The QEMU of an architecture; where there is none, the path that was tried in vain. */
    readonly emulatorFor: (arch: string | undefined) => string
  }
>()("troupe/cli/Home") {}
