/**
 * QEMU's main loop, as far as it can be held up: while it is, nobody is greeted or answered, no
 * signal is seen and no timer of the guest runs; what comes meanwhile waits in its order.
 */
export class MainLoop {
  private readonly waiting: (() => void)[] = []
  private holders = 0

  /** Runs it in this turn, or when the loop comes to it. */
  enter(run: () => void): void {
    if (this.holders > 0 || this.waiting.length > 0) this.waiting.push(run)
    else run()
  }

  /** Until what it gives is called; for ever when it never is. */
  hold(): () => void {
    this.holders++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.holders--
      while (this.holders === 0) {
        const next = this.waiting.shift()
        if (next === undefined) return
        next()
      }
    }
  }
}
