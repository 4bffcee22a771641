/** Asking the server: one base, one kind of error, always saying what to do. */
import type { List } from './types';

export const BASE = '/api/whither/v1';

export type Params = Record<string, string | number | null | undefined>;

/** An answer that is an error, or no answer at all (`status` 0). */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly hint: string) {
    super(message);
  }
}

/** Path and query of a request, as `fetch` and curl take it. */
export function address(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return BASE + path + (text ? `?${text}` : '');
}

export function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return ask<T>(address(path, params), { signal: signal ?? null });
}

export function post<T>(path: string, body: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  return ask<T>(address(path), { method: 'POST', headers, body: JSON.stringify(body) });
}

/** Rows that one table shows at most: more than anybody scrolls through; filters find the rest. */
export const MOST_ROWS = 20_000;

/** A whole list, page after page; `next` is not null where there is more. */
export async function getAll<T>(path: string, params: Params = {}, signal?: AbortSignal, most = MOST_ROWS): Promise<List<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  do {
    const page: List<T> = await get<List<T>>(path, { limit: 1000, ...params, cursor }, signal);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && items.length < most);
  return { items, next: cursor };
}

async function ask<T>(url: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(url, init);
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new ApiError(0, 'unreachable', 'whither does not answer', 'Check that `whither serve` runs; this page tries again by itself.');
  }
  if (answer.ok) return (await answer.json()) as T;
  throw await refusal(answer);
}

async function refusal(answer: Response): Promise<ApiError> {
  try {
    const { error } = (await answer.json()) as { error: { code: string; message: string; hint: string | null } };
    return new ApiError(answer.status, error.code, error.message, error.hint ?? '');
  } catch {
    return new ApiError(answer.status, 'no_json', `the server answered ${answer.status}`, 'Is there a proxy between this page and whither?');
  }
}
