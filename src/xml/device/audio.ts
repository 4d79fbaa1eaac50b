/** `<audio>`: a back-end and its two directions. */
import type { Audio, AudioDirection } from "../../model/device/audio.ts"
import { integer, nonEmpty, oneOf, yesNo } from "../codec.ts"
import { attribute, child, constant, fields, inside, required } from "../describe.ts"

const uint32 = integer({ max: 0xffffffff })

const setting = <A>(part: Parameters<typeof inside<A>>[1]) => inside("settings", part)

const direction = fields<AudioDirection>({
  mixingEngine: attribute("mixingEngine", yesNo),
  fixedSettings: attribute("fixedSettings", yesNo),
  voices: attribute("voices", uint32),
  bufferLengthUs: attribute("bufferLength", uint32),
  name: attribute("name", nonEmpty),
  streamName: attribute("streamName", nonEmpty),
  latencyUs: attribute("latency", uint32),
  dev: attribute("dev", nonEmpty),
  bufferCount: attribute("bufferCount", uint32),
  tryPoll: attribute("tryPoll", yesNo),
  frequencyHz: setting(attribute("frequency", uint32)),
  channels: setting(attribute("channels", uint32)),
  format: setting(attribute("format", oneOf("s8", "u8", "s16", "u16", "s32", "u32", "f32")))
})

export const audio = fields<Audio>({
  kind: constant("audio"),
  id: required("id of the audio back-end", attribute("id", integer({ min: 1, max: 0x7fffffff }))),
  type: required("type of the audio back-end", attribute("type", nonEmpty)),
  timerPeriodUs: attribute("timerPeriod", uint32),
  serverName: attribute("serverName", nonEmpty),
  path: attribute("path", nonEmpty),
  tryMmap: attribute("tryMMap", yesNo),
  exclusive: attribute("exclusive", yesNo),
  dspPolicy: attribute("dspPolicy", integer({ max: 0x7fffffff })),
  input: child("input", direction),
  output: child("output", direction)
})
