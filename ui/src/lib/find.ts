/** What somebody may mean by what they typed or pasted. Whether it is there only the server knows. */
import { SCREENS, to } from './state/routes';

export type Meaning =
  | { as: 'position'; topic: string; partition: number; offset: number }
  | { as: 'trace'; id: string }
  | { as: 'header'; name: string; value: string }
  | { as: 'topic' | 'group' | 'screen' | 'key'; value: string };

export interface Known { topics: string[]; groups: string[] }

/** How many names are proposed. */
const PROPOSED = 6;

export function meanings(typed: string, known: Known): Meaning[] {
  const text = typed.trim();
  if (!text) return [];
  const position = positionOf(text);
  if (position) return [position];
  const trace = traceOf(text);
  if (trace) return [{ as: 'trace', id: trace }, { as: 'key', value: text }];
  const header = headerOf(text);
  return [...named('topic', text, known.topics), ...named('group', text, known.groups), ...screens(text), ...(header ? [header] : []), { as: 'key', value: text }];
}

/** `orders/3@88231`, `orders[3]@88231`, `orders/3/88231`, `orders-3@88231`; separators in offsets are let pass. */
export function positionOf(text: string): Extract<Meaning, { as: 'position' }> | null {
  const found = /^([\w.-]{1,249}?)\s*(?:\[(\d+)\]|\/\s*(\d+)|-(\d+)(?=\s*@))\s*[@/:]\s*(\d[\d,_]*)$/.exec(text.trim());
  if (!found) return null;
  const [, topic = '', bracketed, slashed, dashed, offset = ''] = found;
  const partition = Number(bracketed ?? slashed ?? dashed);
  return { as: 'position', topic, partition, offset: Number(offset.replace(/[,_]/g, '')) };
}

/** A W3C `traceparent`, or a trace id of 32 hexadecimal digits. */
export function traceOf(text: string): string | null {
  const id = /^(?:[\da-f]{2}-)?([\da-f]{32})(?:-[\da-f]{16}-[\da-f]{2})?$/i.exec(text.trim())?.[1]?.toLowerCase();
  return id && !/^0+$/.test(id) ? id : null;
}

function headerOf(text: string): Meaning | null {
  const cut = text.indexOf('=');
  return cut > 0 ? { as: 'header', name: text.slice(0, cut), value: text.slice(cut + 1) } : null;
}

function named(as: 'topic' | 'group', text: string, names: string[]): Meaning[] {
  const low = text.toLowerCase();
  const rank = (name: string) => (name === text ? 0 : name.toLowerCase().startsWith(low) ? 1 : 2);
  const found = names.filter((name) => name.toLowerCase().includes(low)).sort((a, b) => rank(a) - rank(b));
  return found.slice(0, PROPOSED).map((value) => ({ as, value }));
}

function screens(text: string): Meaning[] {
  const low = text.toLowerCase();
  return SCREENS.filter((s) => s.title.toLowerCase().startsWith(low)).map((s) => ({ as: 'screen', value: s.title }));
}

/** Where a meaning leads. */
export function hrefOf(meaning: Meaning): string {
  switch (meaning.as) {
    case 'position': return to.message(meaning.topic, meaning.partition, meaning.offset);
    case 'topic': return to.topic(meaning.value);
    case 'group': return to.group(meaning.value);
    case 'screen': return SCREENS.find((s) => s.title === meaning.value)?.path ?? '/';
    case 'trace': return to.find(meaning.id);
    case 'header': return to.find(`${meaning.name}=${meaning.value}`);
    case 'key': return to.find(meaning.value);
  }
}

/** A meaning in words. */
export function says(meaning: Meaning): string {
  switch (meaning.as) {
    case 'position': return `${meaning.topic}/${meaning.partition}@${meaning.offset}`;
    case 'trace': return meaning.id;
    case 'header': return `${meaning.name} = ${meaning.value}`;
    default: return meaning.value;
  }
}
