/** Something asked of the server that is asked again when the server has news. */
import { ApiError, address, get, getAll, type Params } from '../api/client';
import type { Finding, List } from '../api/types';
import { live } from './live.svelte';

export interface Asked { path: string; params?: Params }

/** Rounds come every second; nobody reads that fast. */
const EVERY_MS = 2000;
/** An answer that took long is not asked for again at once: this many times as long. */
const REST = 10;

export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** Whether what is shown belongs to an earlier question. */
  stale = $state(false);
  #asked = '';
  #at = 0;
  #tookMs = 0;
  #abort: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(what: () => Asked | null, read: (asked: Asked, signal: AbortSignal) => Promise<T>, everyMs: number) {
    $effect(() => {
      const asked = what();
      void live.revision;
      if (!asked) return this.#forget();
      const key = address(asked.path, asked.params);
      const same = key === this.#asked;
      if (same && this.#abort) return;
      const wait = same ? Math.max(0, this.#at + Math.max(everyMs, this.#tookMs * REST) - Date.now()) : 0;
      if (!same) this.stale = true;
      this.#asked = key;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.#read(asked, read), wait);
    });
    $effect(() => () => this.#stop());
  }

  async #read(asked: Asked, read: (asked: Asked, signal: AbortSignal) => Promise<T>): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    const began = Date.now();
    this.#abort = abort;
    try {
      const data = await read(asked, abort.signal);
      if (abort.signal.aborted) return;
      [this.data, this.error, this.stale] = [data, null, false];
    } catch (error) {
      if (abort.signal.aborted) return;
      this.error = error instanceof ApiError ? error : new ApiError(0, 'fault', String(error), '');
      // What was known stays on the screen while the server is away; an answer that is an error replaces it.
      if (this.error.status !== 0) this.data = null;
    }
    this.#at = Date.now();
    this.#tookMs = this.#at - began;
    if (this.#abort === abort) this.#abort = null;
  }

  #forget(): void {
    this.#stop();
    [this.data, this.error, this.#asked] = [null, null, ''];
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#abort = null;
  }
}

export function one<T>(what: () => Asked | null, everyMs = EVERY_MS): Resource<T> {
  return new Resource<T>(what, ({ path, params }, signal) => get<T>(path, params, signal), everyMs);
}

/** A whole list. */
export function all<T>(what: () => Asked | null, everyMs = EVERY_MS): Resource<List<T>> {
  return new Resource<List<T>>(what, ({ path, params }, signal) => getAll<T>(path, params, signal), everyMs);
}

/** Findings carry their evidence: more than can be read are not fetched. */
const MOST_FINDINGS = 2000;

export function findings(what: () => Asked | null): Resource<List<Finding>> {
  return new Resource<List<Finding>>(what, ({ path, params }, signal) => getAll<Finding>(path, params, signal, MOST_FINDINGS), EVERY_MS);
}
