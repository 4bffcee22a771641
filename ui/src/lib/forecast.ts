/** Lines from the last known point to where they meet: the end (caught up) or the log's start (data lost). */
import type { Forecast, LagPoint } from './api/types';

export interface Lines { times: number[]; end: (number | null)[]; committed: (number | null)[]; logStart: (number | null)[] }

/** How far ahead is drawn at most, as a share of what is behind. */
const AHEAD = 1;

/** History and forecast as series over one time axis, in seconds. Forecast values are null in the past. */
export function series(items: readonly LagPoint[], forecast: Forecast | null): { past: Lines; ahead: Lines } {
  const seconds = (at: string) => new Date(at).getTime() / 1000;
  const future = ahead(items, forecast);
  const times = [...items.map((p) => seconds(p.at)), ...future.times];
  const none = future.times.map(() => null);
  const past: Lines = {
    times,
    end: [...items.map((p) => p.end), ...none],
    committed: [...items.map((p) => p.committed), ...none],
    logStart: [...items.map((p) => p.log_start), ...none],
  };
  const before = items.map(() => null);
  /** The forecast begins at the last point known, so that its line hangs together with the past. */
  const joined = (last: number | null | undefined, values: (number | null)[]) =>
    [...before.slice(1), ...(items.length ? [values.length ? (last ?? null) : null] : []), ...values];
  const last = items.at(-1);
  return {
    past,
    ahead: {
      times,
      end: joined(last?.end, future.end),
      committed: joined(last?.committed, future.committed),
      logStart: joined(last?.log_start, future.logStart),
    },
  };
}

function ahead(items: readonly LagPoint[], forecast: Forecast | null): Lines {
  const nothing = { times: [], end: [], committed: [], logStart: [] };
  const [first, last] = [items[0], items.at(-1)];
  if (!forecast || !first || !last || last.committed === null) return nothing;
  const start = new Date(last.at).getTime() / 1000;
  const behind = start - new Date(first.at).getTime() / 1000;
  const meets = [forecast.loses_data_at, forecast.catches_up_at].flatMap((at) => (at ? [new Date(at).getTime() / 1000] : []));
  const meeting = Math.min(...meets);
  if (meets.length === 0 || meeting <= start) return nothing;
  const until = Math.min(meeting, start + Math.max(behind * AHEAD, 60));
  const along = (value: number, perSecond: number | null) => value + (perSecond ?? 0) * (until - start);
  return {
    times: [until],
    end: [along(last.end, forecast.end_per_second)],
    committed: [along(last.committed, forecast.committed_per_second)],
    logStart: [along(last.log_start, forecast.log_start_per_second)],
  };
}
