/** Remote and local displays. Ports that are assigned at start are absent in a definition. */
import type { Keeps } from "../kept.ts"

export type Graphics = VncGraphics | SpiceGraphics | OtherGraphics

export type GraphicsListen = Keeps &
  (
    | { readonly type: "address"; readonly address?: string }
    | { readonly type: "network"; readonly network: string; readonly address?: string }
    | { readonly type: "socket"; readonly socket?: string }
    | { readonly type: "none" }
  )

interface Displayed extends Keeps {
  readonly kind: "graphics"
  /** Absent with autoport, and of a guest that has not started. */
  readonly port?: number
  readonly autoport: boolean
  readonly keymap?: string
  readonly password?: string
  /** `YYYY-MM-DDTHH:MM:SS`, UTC. */
  readonly passwordValidTo?: string
  readonly connected?: "fail" | "disconnect" | "keep"
  readonly listens: readonly GraphicsListen[]
}

export interface VncGraphics extends Displayed {
  readonly type: "vnc"
  readonly websocket?: number
  readonly websocketGenerated?: boolean
  readonly sharePolicy?: "allow-exclusive" | "force-shared" | "ignore"
  readonly powerControl?: boolean
  readonly audioId?: number
}

export interface SpiceGraphics extends Displayed {
  readonly type: "spice"
  readonly tlsPort?: number
  readonly defaultMode?: "any" | "secure" | "insecure"
  readonly channels: readonly SpiceChannel[]
  readonly imageCompression?: string
  readonly jpegCompression?: string
  readonly zlibCompression?: string
  readonly playbackCompression?: boolean
  readonly streamingMode?: "filter" | "all" | "off"
  readonly clipboardCopypaste?: boolean
  readonly mouseMode?: "server" | "client"
  readonly filetransfer?: boolean
  readonly gl?: GraphicsGl
}

export interface SpiceChannel extends Keeps {
  readonly name: string
  readonly mode: "any" | "secure" | "insecure"
}

export interface GraphicsGl extends Keeps {
  readonly enable?: boolean
  readonly rendernode?: string
}

/** Displays that only a host with a desktop has; kept, and refused where the guest would start. */
export interface OtherGraphics extends Keeps {
  readonly kind: "graphics"
  readonly type: "sdl" | "rdp" | "desktop" | "egl-headless" | "dbus"
}
