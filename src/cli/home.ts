/**
 * What the command line has to know of the host that it runs on: places and programs. A service.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

export class Home extends Context.Service<
  Home,
  {
    readonly version: string
    /** What runs the program, with its version. */
    readonly runtime: string
    readonly uid: number
    readonly workingDirectory: string
    /** The path by which standard input can be opened. */
    readonly standardInput: string
    readonly temporaryDirectory: string
    readonly defaultRoot: string
    /** The URI that the environment names; undefined where it names none. */
    readonly defaultUri: string | undefined
    /** Where the sockets of a daemon for the host or for this user are looked for, in order. */
    readonly socketPaths: (realm: "system" | "session") => readonly string[]
    /** The socket of the daemon of a root, with the links on the way followed. */
    readonly socketOf: (root: string) => string
    /** Whether it can be told who is at the other end of a UNIX socket: koffi is installed. */
    readonly knowsPeers: () => boolean
    /** Opens a file in the editor of the user and waits; gives the code it ended with. */
    readonly edit: (path: string) => Effect.Effect<number>
    /** The QEMU of an architecture; where there is none, the path that was tried in vain. */
    readonly emulatorFor: (arch: string | undefined) => string
  }
>()("troupe/cli/Home") {}
