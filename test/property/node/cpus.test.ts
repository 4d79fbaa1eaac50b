/**
 * Goal: a processor spelled as a model with more and less is the same processor; comparing and
 * putting together follow the laws of sets.
 * Method: random models and processors over a few features; the laws, not examples.
 */
import * as fc from "fast-check"
import * as Result from "effect/Result"
import { expect, test } from "vitest"
import { baselineCpu, compareCpu, type Models } from "../../../src/node/cpu-compare.ts"
import { libvirtFeature, qemuFeature } from "../../../src/node/cpu-names.ts"
import { nearestModel } from "../../../src/node/cpu-nearest.ts"
import {
  cpuTextLengthMax,
  cpuTextsLengthMax,
  parseCpuText,
  parseCpuTexts
} from "../../../src/node/cpu-text.ts"
import type { ModelFeatures } from "../../../src/qemu/probe-models.ts"
import { baselineXml } from "../../../src/xml/capabilities-cpu.ts"

const features = ["sse4.1", "pclmulqdq", "lahf-lm", "tsc-adjust", "avx", "svm", "invtsc", "nx"]

const some = fc.subarray(features)

const modelsOf = fc
  .array(some, { minLength: 1, maxLength: 5 })
  .map((sets): readonly ModelFeatures[] =>
    sets.map((on, index) => ({
      name: `Model${index}`,
      vendor: "AuthenticAMD",
      family: 1,
      model: index,
      stepping: 0,
      features: on.toSorted()
    }))
  )

const all = (models: readonly ModelFeatures[]): Models => ({ models, known: new Set(features) })

const textOf = (model: ModelFeatures, more: readonly string[] = []): string =>
  `<cpu><arch>x86_64</arch><model>${model.name}</model><vendor>AMD</vendor>${more
    .map((name) => `<feature policy='require' name='${libvirtFeature(name)}'/>`)
    .join("")}</cpu>`

const cpuOf = (xml: string) => Result.getOrThrow(parseCpuText(xml))

const hostOf = (on: readonly string[]) => ({
  arch: "x86_64",
  vendor: "AuthenticAMD",
  features: new Set(on)
})

const first = (models: readonly ModelFeatures[]): ModelFeatures => {
  const [model] = models
  if (model === undefined) throw new Error("there is a model")
  return model
}

test("a model with more and less is the processor that it spells", () => {
  fc.assert(
    fc.property(modelsOf, some, fc.boolean(), (models, on, isWhole) => {
      const cpu = { vendor: "AuthenticAMD", features: new Set(on) }
      const near = nearestModel(cpu, models, { isWhole })
      expect(near !== undefined || isWhole).toBe(true)
      if (near === undefined) return
      const spelled = new Set([...near.model.features, ...near.more])
      for (const feature of near.less) spelled.delete(feature)
      expect([...spelled].toSorted()).toEqual([...on].toSorted())
      if (isWhole) expect(near.less).toEqual([])
    })
  )
})

test("a host has what is asked of it exactly when its features hold it", () => {
  fc.assert(
    fc.property(modelsOf, some, some, (models, more, on) => {
      const model = first(models)
      const wanted = new Set([...model.features, ...more])
      const compared = compareCpu(cpuOf(textOf(model, more)), hostOf(on), all(models))
      const { result } = Result.getOrThrow(compared)
      const isHeld = [...wanted].every((feature) => on.includes(feature))
      expect(result === "incompatible").toBe(!isHeld)
      expect(result === "identical").toBe(isHeld && wanted.size === on.length)
    })
  )
})

test("what several have in common, each of them can give, and no more is left out", () => {
  fc.assert(
    fc.property(modelsOf, fc.array(some, { minLength: 1, maxLength: 4 }), (models, extras) => {
      const model = first(models)
      const cpus = extras.map((more) => cpuOf(textOf(model, more)))
      const found = baselineCpu(cpus, all(models))
      const baseline = cpuOf(baselineXml(Result.getOrThrow(found)))
      const sets = extras.map((more) => new Set([...model.features, ...more]))
      for (const set of sets) {
        const given = compareCpu(baseline, hostOf([...set]), all(models))
        expect(Result.getOrThrow(given).result).not.toBe("incompatible")
      }
      const common = features.filter((feature) => sets.every((set) => set.has(feature)))
      const exactly = compareCpu(baseline, hostOf(common), all(models))
      expect(Result.getOrThrow(exactly).result).toBe("identical")
    })
  )
})

test("a common processor that is to travel has no invariant clock", () => {
  fc.assert(
    fc.property(modelsOf, (models) => {
      const cpus = [cpuOf(textOf(first(models), ["invtsc"]))]
      const found = Result.getOrThrow(baselineCpu(cpus, all(models), { isMigratable: true }))
      const on = new Set(models.find(({ name }) => name === found.model)?.features)
      for (const { name, policy } of found.features)
        if (policy === "require") on.add(qemuFeature(name))
        else on.delete(qemuFeature(name))
      expect(on.has("invtsc")).toBe(false)
    })
  )
})

test("libvirt's name of a feature is read as QEMU's", () => {
  for (const name of features) expect(qemuFeature(libvirtFeature(name))).toBe(name)
})

test("what is no processor is refused with its reason, whatever it is", () => {
  const models = all([])
  const refused = (xml: string) => {
    const read = parseCpuText(xml)
    if (Result.isFailure(read)) return read.failure._tag
    const compared = compareCpu(read.success, hostOf([]), models)
    return Result.isFailure(compared) ? compared.failure._tag : compared.success.result
  }
  expect(refused("<cpu/>")).toBe("NodeArgumentInvalid")
  expect(refused("<cpu><model>Nobody</model></cpu>")).toBe("NodeArgumentInvalid")
  expect(refused("<domain/>")).toBe("XmlError")
  expect(refused("<cpu match='never'/>")).toBe("XmlError")
  expect(refused("<cpu><feature/></cpu>")).toBe("XmlError")
  expect(refused("<cpu><arch>s390x</arch></cpu>")).toBe("incompatible")
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(refused(text)).toBe("XmlError")
    })
  )
})

const padded = (length: number): string => {
  const [start, end] = ["<cpu><model>Model0</model>", "</cpu>"]
  return `${start}${" ".repeat(length - start.length - end.length)}${end}`
}

test("a description past its bound is refused, alone and together with others", () => {
  expect(Result.isSuccess(parseCpuText(padded(cpuTextLengthMax)))).toBe(true)
  const tooLong = parseCpuText(padded(cpuTextLengthMax + 1))
  expect(tooLong).toMatchObject({ failure: { problem: "tooLarge" } })
  const fitting = Array.from({ length: cpuTextsLengthMax / cpuTextLengthMax }, () =>
    padded(cpuTextLengthMax)
  )
  expect(Result.getOrThrow(parseCpuTexts(fitting))).toHaveLength(fitting.length)
  const together = parseCpuTexts([...fitting, padded(100)])
  expect(together).toMatchObject({ failure: { problem: "tooLarge" } })
})
