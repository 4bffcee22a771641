/** Numbers, sizes and names as people read them; the same words as the command line's. */

/** Stands where there is no number. */
export const NONE = '–';

/** `1,204,331` */
export function count(n: number | null | undefined): string {
  return n === null || n === undefined ? NONE : Math.round(n).toLocaleString('en-US');
}

/** `1 record`, `12 records` */
export function records(n: number): string {
  return n === 1 ? '1 record' : `${count(n)} records`;
}

export function plural(n: number, word: string): string {
  return `${count(n)} ${word}${n === 1 ? '' : 's'}`;
}

/** `[88210..88419)`, without separators: to be copied into other tools. */
export function range(from: number, to: number): string {
  return `[${from}..${to})`;
}

/** `412 /s`, `0.3 /s` */
export function rate(perSecond: number | null | undefined): string {
  if (perSecond === null || perSecond === undefined) return NONE;
  const digits = Math.abs(perSecond) >= 10 || perSecond === 0 ? 0 : 1;
  return `${perSecond.toLocaleString('en-US', { maximumFractionDigits: digits })} /s`;
}

/** `1 GiB`, `1.5 MiB`, `312 B` */
export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return NONE;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  let size = n;
  while (size >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : Math.floor(size * 10) / 10} ${units[unit]}`;
}

/** `86 %`, and never 100 % or 0 % of what is not all or nothing. */
export function share(part: number, whole: number): string {
  if (whole <= 0) return NONE;
  const percent = (part / whole) * 100;
  if (part > 0 && percent < 0.1) return '< 0.1 %';
  if (part < whole && percent > 99.9) return '> 99.9 %';
  return `${percent.toLocaleString('en-US', { maximumFractionDigits: 1 })} %`;
}

/** `DataException` of `org.apache.kafka.connect.errors.DataException`. */
export function lastWord(name: string): string {
  return name.split(/[.$]/).filter(Boolean).pop() ?? name;
}
