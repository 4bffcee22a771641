/** The keyboard map. Single keys are off in inputs, and altogether where the reader switched them off. */
import { prefs } from './state/prefs.svelte';
import { route } from './state/route.svelte';
import { SCREENS } from './state/routes';

export interface Key { keys: string; does: string }

/** As the help shows it. */
export const KEYS: Key[] = [
  { keys: '/ or Ctrl K', does: 'search' },
  ...SCREENS.map((s) => ({ keys: `g ${s.key}`, does: s.title })),
  { keys: 'j k', does: 'next, previous row' },
  { keys: 'Enter', does: 'open the row' },
  { keys: 'Esc', does: 'close what is open' },
  { keys: '[ ]', does: 'earlier, later: offsets or the message' },
  { keys: '+ -', does: 'closer to a strip, farther from it' },
  { keys: 'v', does: 'a strip or chart as a table' },
  { keys: 'y', does: 'copy the link' },
  { keys: 'Y', does: 'copy as a command' },
  { keys: '?', does: 'this help' },
];

/** After `g`, this long. */
const SEQUENCE_MS = 1500;

type Action = () => void;
const actions = new Map<string, Action[]>();

/** Binds a key while a component is there; the latest wins. Call in an effect: it returns its undoing. */
export function bind(key: string, action: Action): () => void {
  const bound = actions.get(key) ?? [];
  actions.set(key, [...bound, action]);
  return () => actions.set(key, (actions.get(key) ?? []).filter((a) => a !== action));
}

let wentTo = 0;

export function listen(): void {
  addEventListener('keydown', (event) => {
    const typing = isTyping(event.target);
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') return run('search', event);
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') return run('Escape', event);
    if (typing || !prefs.keys || document.querySelector('dialog[open]')) return;
    if (Date.now() - wentTo < SEQUENCE_MS) return goTo(event);
    if (event.key === 'g') wentTo = Date.now();
    else if (event.key === 'j' || event.key === 'k') moveRow(event.key === 'j' ? 1 : -1);
    else run(event.key === '/' ? 'search' : event.key, event);
  });
}

function run(key: string, event: KeyboardEvent): void {
  const action = actions.get(key)?.at(-1);
  if (!action) return;
  event.preventDefault();
  action();
}

function goTo(event: KeyboardEvent): void {
  wentTo = 0;
  const screen = SCREENS.find((s) => s.key === event.key);
  if (screen) route.go(screen.path);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Rows are links or buttons marked `data-row`: moving is moving the focus, so Enter and screen readers follow. */
function moveRow(by: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>('main [data-row]')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = at < 0 ? rows[by > 0 ? 0 : rows.length - 1] : rows[at + by];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
