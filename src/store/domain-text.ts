/** Definitions as they stand on disk: libvirt's XML. The one place where the store's text has meaning. */
import type * as Result from "effect/Result"
import type { Domain } from "../model/domain.ts"
import { formatDomain, type ParsedDomain, parseDomain } from "../xml/domain.ts"
import type { XmlError } from "../xml/error.ts"

/** `active` adds what only a running guest has. */
export const domainText = (domain: Domain, kind: "inactive" | "active"): string =>
  formatDomain(domain, { kind })

/** A definition that we or another engine wrote: it has a uuid. */
export const domainFromText = (text: string): Result.Result<ParsedDomain, XmlError> =>
  parseDomain(text)
