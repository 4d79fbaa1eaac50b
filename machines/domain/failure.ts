/** The errors that the chart itself gives a start, in the words of its state. */
import { StartFailed } from "../../src/model/domain-error.ts"
import { startDeadlineMs } from "./base.ts"
import type { DomainContext } from "./context.ts"

export const aborted = (context: DomainContext, why: string): StartFailed =>
  new StartFailed({ domain: context.name, step: "start", why })

export const overdue = (context: DomainContext): StartFailed =>
  aborted(context, `it took longer than ${startDeadlineMs / 1000} s`)
