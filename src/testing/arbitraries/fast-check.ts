/**
 * fast-check as an argument. Nothing here imports it when it runs, so that `troupe/testing` works
 * where it is not installed, and so that arbitraries are made by the copy that the caller's own
 * properties run on. Types only.
 */
import type fc from "fast-check"

export type FastCheck = typeof fc

export type { Arbitrary } from "fast-check"
