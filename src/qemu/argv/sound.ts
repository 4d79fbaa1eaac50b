/** Sound cards with their codecs, and the host's sound back-ends. */
import { devicesOf } from "../../model/device.ts"
import type { Audio, AudioDirection } from "../../model/device/audio.ts"
import type { Sound } from "../../model/device/small.ts"
import { type Arg, device, jsonArg, type JsonObject } from "./arg.ts"
import type { ArgvContext, DeviceArgs } from "./context.ts"
import { place } from "./place.ts"

/** libvirt's names of sound cards and QEMU's. */
export const soundDrivers: { readonly [model: string]: string } = {
  ac97: "AC97",
  es1370: "ES1370",
  ich6: "intel-hda",
  ich9: "ich9-intel-hda",
  sb16: "sb16",
  usb: "usb-audio"
}

const backEnds: { readonly [type: string]: string } = {
  pulseaudio: "pa",
  file: "wav"
}

/** A card without a choice plays through the first back-end. */
const backEnd = (sound: Sound, { domain }: ArgvContext): string | undefined => {
  const id = sound.audioId ?? devicesOf(domain, "audio")[0]?.id
  return id === undefined ? undefined : `audio${id}`
}

const codecNames = { duplex: "hda-duplex", micro: "hda-micro", output: "hda-output" } as const

export const soundArgs: DeviceArgs<Sound> = (sound, context): readonly Arg[] => {
  const { model, alias } = sound
  const audiodev = backEnd(sound, context)
  const hasCodecs = model === "ich6" || model === "ich9"
  const card = device({
    driver: soundDrivers[model],
    id: alias,
    audiodev: hasCodecs ? undefined : audiodev,
    ...place(sound.address, context)
  })
  if (!hasCodecs) return [card]
  const codecs = sound.codecs.length === 0 ? (["duplex"] as const) : sound.codecs
  return [
    card,
    ...codecs.map((codec, cad) =>
      device({
        driver: codecNames[codec],
        id: `${alias}-codec${cad}`,
        bus: `${alias}.0`,
        cad,
        audiodev
      })
    )
  ]
}

const directionOf = (direction: AudioDirection | undefined): JsonObject | undefined =>
  direction === undefined
    ? undefined
    : {
        "mixing-engine": direction.mixingEngine,
        "fixed-settings": direction.fixedSettings,
        voices: direction.voices,
        "buffer-length": direction.bufferLengthUs,
        frequency: direction.frequencyHz,
        channels: direction.channels,
        format: direction.format,
        dev: direction.dev,
        "buffer-count": direction.bufferCount,
        "try-poll": direction.tryPoll,
        name: direction.name,
        "stream-name": direction.streamName,
        latency: direction.latencyUs
      }

export const audioArgs: DeviceArgs<Audio> = (audio) => [
  jsonArg("-audiodev", {
    id: `audio${audio.id}`,
    driver: backEnds[audio.type] ?? audio.type,
    "timer-period": audio.timerPeriodUs,
    server: audio.serverName,
    path: audio.path,
    "try-mmap": audio.tryMmap,
    exclusive: audio.exclusive,
    "dsp-policy": audio.dspPolicy,
    in: directionOf(audio.input),
    out: directionOf(audio.output)
  })
]
