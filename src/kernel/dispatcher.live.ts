/** The live dispatcher on Node's event loop. */
import { liveDispatcher, type Dispatcher } from "./dispatcher.ts"

export const nodeDispatcher = (): Dispatcher =>
  liveDispatcher({ microtask: queueMicrotask, breathe: (run) => void setImmediate(run) })
