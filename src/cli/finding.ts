/** What `doctor` has found: one thing of the host, how it is, and what to do about it. */

export type Verdict = "ok" | "warning" | "failed"

export interface Finding {
  readonly what: string
  readonly verdict: Verdict
  readonly detail: string
  /** What to do about it. */
  readonly next?: string
}

export const ok = (what: string, detail: string): Finding => ({ what, verdict: "ok", detail })
