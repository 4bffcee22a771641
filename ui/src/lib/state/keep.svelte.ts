/** Rows in the order in which they were when somebody began to look at them. */
import { held } from './order';

export class Keep<T> {
  /** A pointer or the focus is among the rows. */
  looked = $state(false);
  #released = $state(0);
  #shown: string[] = [];
  #of = '';
  view: { items: T[]; waiting: T[] };

  /** `question` is what the rows answer: another one begins anew. */
  constructor(fresh: () => T[], key: (item: T) => string, question: () => string = () => '') {
    const view = $derived.by(() => {
      const of = `${this.#released} ${question()}`;
      const keeps = this.looked && of === this.#of;
      this.#of = of;
      const now = keeps ? held(this.#shown, fresh(), key) : { items: fresh(), waiting: [] };
      if (!keeps) this.#shown = now.items.map(key);
      return now;
    });
    this.view = { get items() { return view.items; }, get waiting() { return view.waiting; } };
  }

  /** Lets in what waits. */
  release(): void {
    this.#released += 1;
  }

  watch = (rows: HTMLElement): (() => void) => {
    const stop = new AbortController();
    const look = () => (this.looked = rows.matches(':hover, :focus-within'));
    for (const event of ['pointerenter', 'pointerleave', 'focusin', 'focusout']) {
      // After the event: the focus is nowhere while it moves.
      rows.addEventListener(event, () => setTimeout(look), { signal: stop.signal });
    }
    return () => stop.abort();
  };
}
