/**
 * Reads a record of QMP answers: the answer to one query, decoded by a schema, or which query was
 * missing, refused or misshapen. Knows the wire shapes of QEMU's introspection and nothing else.
 */
import * as Data from "effect/Data"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** One command and QEMU's answer to it, as they went over the wire. */
export interface QmpAnswer {
  readonly execute: string
  readonly arguments?: unknown
  readonly return?: unknown
  /** An error object (`{ class, desc }`); then `return` is absent. */
  readonly error?: unknown
}

/** An answer that is absent, an error, or not of the shape that QEMU documents. */
export class CapabilitiesError extends Data.TaggedError("CapabilitiesError")<{
  readonly query: string
  readonly problem: string
}> {
  override get message(): string {
    return `QEMU's answer to ${this.query} cannot be used: ${this.problem}`
  }
}

const row = Schema.Struct({ name: Schema.String })

export const shapes = {
  version: Schema.Struct({
    qemu: Schema.Struct({ major: Schema.Int, minor: Schema.Int, micro: Schema.Int }),
    package: Schema.String
  }),
  target: Schema.Struct({ arch: Schema.String }),
  names: Schema.Array(row),
  machines: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      alias: Schema.optionalKey(Schema.String),
      "is-default": Schema.optionalKey(Schema.Boolean),
      "cpu-max": Schema.Int,
      "hotpluggable-cpus": Schema.Boolean,
      "default-ram-id": Schema.optionalKey(Schema.String),
      "default-cpu-type": Schema.optionalKey(Schema.String),
      deprecated: Schema.Boolean
    })
  ),
  options: Schema.Array(
    Schema.Struct({ option: Schema.NullOr(Schema.String), parameters: Schema.Array(row) })
  ),
  cpuDefinitions: Schema.Array(
    Schema.Struct({
      name: Schema.String,
      typename: Schema.String,
      "unavailable-features": Schema.optionalKey(Schema.Array(Schema.String))
    })
  ),
  expansionRequest: Schema.Struct({
    type: Schema.String,
    model: Schema.Struct({
      name: Schema.String,
      props: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
    })
  }),
  expansion: Schema.Struct({
    model: Schema.Struct({
      name: Schema.String,
      props: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown))
    })
  }),
  typeRequest: Schema.Struct({ typename: Schema.String })
} as const

const decode = <A>(
  query: string,
  schema: Schema.ConstraintDecoder<A>,
  value: unknown
): Result.Result<A, CapabilitiesError> =>
  Result.mapError(
    Schema.decodeUnknownResult(schema)(value),
    (error) => new CapabilitiesError({ query, problem: error.message })
  )

const told = (error: unknown): string =>
  typeof error === "object" && error !== null && "desc" in error && typeof error.desc === "string"
    ? error.desc
    : "no reason was given"

/** The answer to a query that every QEMU must answer. */
export const answerTo = <A>(
  record: readonly QmpAnswer[],
  query: string,
  schema: Schema.ConstraintDecoder<A>
): Result.Result<A, CapabilitiesError> => {
  const found = record.find((one) => one.execute === query)
  if (found === undefined) {
    return Result.fail(new CapabilitiesError({ query, problem: "it was not asked" }))
  }
  if (found.error !== undefined) {
    return Result.fail(
      new CapabilitiesError({ query, problem: `QEMU refused it: ${told(found.error)}` })
    )
  }
  return decode(query, schema, found.return)
}

/** Every answer to a query with its arguments; those that QEMU refused are left out. */
export const answersTo = <A, B>(
  record: readonly QmpAnswer[],
  query: string,
  schemas: {
    readonly request: Schema.ConstraintDecoder<A>
    readonly answer: Schema.ConstraintDecoder<B>
  }
): Result.Result<readonly { readonly request: A; readonly answer: B }[], CapabilitiesError> =>
  Result.all(
    record
      .filter((one) => one.execute === query && one.error === undefined)
      .map((one) =>
        Result.all({
          request: decode(query, schemas.request, one.arguments),
          answer: decode(query, schemas.answer, one.return)
        })
      )
  )
