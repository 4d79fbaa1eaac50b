/**
 * Who has which console or channel of one guest open: one user each. Looking and taking are one
 * step, so that no lock is needed. Knows nothing of bytes.
 */
import type { ChannelEnd } from "./byte-channel.ts"

/** One user of one device. */
export interface ConsoleUser {
  readonly end: (why: ChannelEnd) => void
}

export class Consoles {
  private readonly users = new Map<string, ConsoleUser>()

  /** Takes the device; by force from who has it. False: somebody has it. */
  claim(alias: string, user: ConsoleUser, isForced: boolean): boolean {
    const former = this.users.get(alias)
    if (former !== undefined && !isForced) return false
    this.users.set(alias, user)
    former?.end("taken over")
    return true
  }

  /** Of this user only: another may have it by now. */
  free(alias: string, user: ConsoleUser): void {
    if (this.users.get(alias) === user) this.users.delete(alias)
  }

  endAll(why: ChannelEnd): void {
    const all = [...this.users.values()]
    this.users.clear()
    for (const user of all) user.end(why)
  }
}
