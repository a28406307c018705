/** Lets one task wait until another has something for it; a call that comes before the wait is not lost. */
export class Wakeup {
  #due = false;
  #waiting: (() => void) | null = null;

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) {
      this.#due = true;
    } else {
      waiting();
    }
  }

  wait(): Promise<void> {
    if (this.#due) {
      this.#due = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
