/** All that is served: each family of procedures is one file beside this one. */
import type { Handlers } from "../server/handler.ts"
import { connect } from "./connect.ts"

export const families: readonly Handlers[] = [connect]
