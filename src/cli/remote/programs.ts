/** Which programs a daemon speaks: ours has one more than libvirt's. */
import { RemoteError } from "../../rpc/client/error.ts"

/** VIR_ERR_RPC, and the words that go with it for a program that a daemon does not have. */
const rpcError = 39

export const isNoProgram = (error: unknown): boolean =>
  error instanceof RemoteError &&
  error.code === rpcError &&
  error.message.includes("Cannot find program")
