/** The server's stream of changes: what is true now, whether it still answers, and what is new. */
import { ApiError, BASE, get } from '../api/client';
import type { Finding, Round, Status } from '../api/types';

/** How long after a broken stream it is tried again where the browser doesn't by itself. */
const RETRY_MS = 2000;
/** Findings are announced no more often, so that a screen reader can finish. */
const ANNOUNCE_MS = 5000;
/** A page that nobody sees lets its stream go: browsers open only six to one server, for all their tabs together. */
const UNSEEN_MS = 60_000;

class Live {
  /** `gone` after the server stopped answering; `connecting` before it ever did. */
  state = $state<'connecting' | 'live' | 'gone'>('connecting');
  status = $state.raw<Status | null>(null);
  problem = $state.raw<ApiError | null>(null);
  /** Rises with every round that the server published: lists are read again then. */
  revision = $state(0);
  goneSince = $state<string | null>(null);
  announcement = $state('');
  now = $state.raw(new Date());
  #new: Finding[] = [];
  #stream: EventSource | null = null;
  #unseen: ReturnType<typeof setTimeout> | undefined;
  #announcing: ReturnType<typeof setTimeout> | undefined;

  start(): void {
    void this.#readStatus();
    this.#listen();
    setInterval(() => (this.now = new Date()), 1000);
    document.addEventListener('visibilitychange', () => this.#seen(document.visibilityState === 'visible'));
  }

  #seen(seen: boolean): void {
    clearTimeout(this.#unseen);
    if (!seen) this.#unseen = setTimeout(() => this.#letGo(), UNSEEN_MS);
    else if (!this.#stream) this.#listen();
  }

  #letGo(): void {
    this.#stream?.close();
    this.#stream = null;
  }

  /** Reads what a round doesn't tell: problems, what is not seen, the store. */
  async #readStatus(): Promise<void> {
    try {
      this.status = await get<Status>('/status');
      this.problem = null;
    } catch (error) {
      this.problem = error as ApiError;
      this.#lost();
    }
  }

  #listen(): void {
    const stream = new EventSource(`${BASE}/events/stream`);
    this.#stream = stream;
    stream.addEventListener('open', () => void this.#back());
    stream.addEventListener('round', (event) => this.#round(JSON.parse(event.data as string) as Round));
    stream.addEventListener('finding', (event) => this.#found(JSON.parse(event.data as string) as Finding));
    stream.addEventListener('error', () => {
      this.#lost();
      if (stream.readyState !== EventSource.CLOSED) return;
      setTimeout(() => this.#stream === stream && this.#listen(), RETRY_MS);
    });
  }

  async #back(): Promise<void> {
    this.state = 'live';
    this.goneSince = null;
    await this.#readStatus();
    this.revision += 1;
  }

  #lost(): void {
    if (this.state === 'gone') return;
    this.state = 'gone';
    this.goneSince = new Date().toISOString();
  }

  #round(round: Round): void {
    if (this.status) {
      const { at, totals, lost, residual, revision } = round;
      this.status = { ...this.status, at, totals, lost, residual, revision };
    }
    this.revision += 1;
    // Problems and counts of topics are no part of a round; now and then is enough for them.
    if (!this.status?.caught_up || this.revision % 10 === 0) void this.#readStatus();
  }

  #found(finding: Finding): void {
    this.revision += 1;
    if (finding.shown_as === 'note' || finding.shown_as === 'dormant') return;
    this.#new.push(finding);
    this.#announcing ??= setTimeout(() => this.#announce(), this.announcement ? ANNOUNCE_MS : 0);
  }

  #announce(): void {
    const [first, ...more] = this.#new;
    this.#announcing = undefined;
    this.#new = [];
    if (first) this.announcement = `New: ${first.text}${more.length > 0 ? `; and ${more.length} more` : ''}`;
  }
}

export const live = new Live();
