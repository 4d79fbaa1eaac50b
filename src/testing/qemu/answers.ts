/**
 * What a simulated QEMU says of itself: the answers of a real one to a probe, put back from
 * `answers-data.ts` into the shapes in which they go over the wire. Pure.
 */
import { isObject, type Json, type JsonObject } from "../../qmp/json.ts"
import { answersText } from "./answers-data.ts"
import { refusal, type Reply } from "./model.ts"

export interface Answers {
  readonly version: Json
  readonly target: Json
  readonly machines: Json
  readonly cpus: Json
  readonly schema: Json
  readonly types: Json
  readonly commands: Json
  readonly options: Json
  readonly properties: { readonly [type: string]: Reply }
  /** `query-cpu-model-expansion`, by whether all of it can be migrated. */
  readonly expansion: JsonObject
  readonly expansionUnmigratable: JsonObject
}

type Names = string

interface Data {
  readonly version: Json
  readonly target: Json
  readonly machines: Json
  readonly cpus: Json
  readonly schema: Json
  readonly types: Names
  readonly commands: Names
  readonly options: { readonly [option: string]: Names }
  readonly properties: { readonly [type: string]: Names }
  readonly expansion: JsonObject
  readonly expansionUnmigratable: JsonObject
}

const rows = (names: Names): Json =>
  names.split(" ").flatMap((name) => (name === "" ? [] : [{ name }]))

/** The answers of Debian's QEMU 7.2 under TCG. */
export const measuredAnswers: Answers = (() => {
  const data = JSON.parse(answersText) as Data
  return {
    ...data,
    types: rows(data.types),
    commands: rows(data.commands),
    options: Object.entries(data.options).map(([option, names]) => ({
      option,
      parameters: rows(names)
    })),
    properties: Object.fromEntries(
      Object.entries(data.properties).map(([type, names]): [string, Reply] => [
        type,
        { return: rows(names) }
      ])
    )
  }
})()

/** The properties of a type; `undefined` for one that QEMU does not have, or that was cut away. */
export const propertiesOf = ({ properties }: Answers, type: string): Reply | undefined =>
  Object.hasOwn(properties, type) ? properties[type] : undefined

const isCpu =
  (name: string) =>
  (row: Json): boolean =>
    isObject(row) && row["name"] === name

/** Of `max` alone: the others that a probe asks for are not there under TCG. */
export const expansionOf = (
  { cpus, expansion, expansionUnmigratable }: Answers,
  name: string,
  props: JsonObject
): Reply | undefined => {
  if (name === "max")
    return { return: { model: props["migratable"] === false ? expansionUnmigratable : expansion } }
  return Array.isArray(cpus) && cpus.some(isCpu(name))
    ? refusal(`The simulated QEMU does not know how '${name}' is expanded`)
    : undefined
}
