/**
 * Definitions as they stand on disk: libvirt's XML. The one place where the store's text has
 * meaning.
 */
import type * as Result from "effect/Result"
import type { Domain } from "../model/domain.ts"
import { formatDomain, type Parsed, parseDomain } from "../xml/domain.ts"
import type { XmlError } from "../xml/error.ts"

export type DomainKind = "inactive" | "active"

/** `active` adds what only a running guest has. Secrets stay in: the file is its owner's alone. */
export const domainText = (domain: Domain, kind: DomainKind): string =>
  formatDomain(domain, { kind })

/** A definition that we or another engine wrote, or the live one of a status record. */
export const domainFromText = (text: string, kind: DomainKind): Result.Result<Parsed, XmlError> =>
  parseDomain(text, { kind })
