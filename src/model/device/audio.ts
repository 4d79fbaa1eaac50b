/** The host's sound back-ends: what plays and records what the guest's sound cards do. */
import type { Keeps } from "../kept.ts"

export interface Audio extends Keeps {
  readonly kind: "audio"
  readonly id: number
  /** libvirt's name: `none`, `alsa`, `pulseaudio`, `spice`, `file`, ... */
  readonly type: string
  readonly timerPeriodUs?: number
  /** Of `pulseaudio`. */
  readonly serverName?: string
  /** Of `file`: where the sound is written to. */
  readonly path?: string
  /** Of `oss`. */
  readonly tryMmap?: boolean
  readonly exclusive?: boolean
  readonly dspPolicy?: number
  readonly input?: AudioDirection
  readonly output?: AudioDirection
}

/** One direction: what all back-ends know, then what only some do. */
export interface AudioDirection extends Keeps {
  readonly mixingEngine?: boolean
  readonly fixedSettings?: boolean
  readonly voices?: number
  readonly bufferLengthUs?: number
  readonly frequencyHz?: number
  readonly channels?: number
  readonly format?: string
  /** Of `alsa` and `oss`. */
  readonly dev?: string
  /** Of `coreaudio`, `oss` and `sdl`. */
  readonly bufferCount?: number
  readonly tryPoll?: boolean
  /** Of `pulseaudio`. */
  readonly name?: string
  readonly streamName?: string
  readonly latencyUs?: number
}
