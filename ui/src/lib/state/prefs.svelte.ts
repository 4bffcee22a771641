/** What a reader chose, remembered in the browser. */

export type Theme = 'system' | 'light' | 'dark';
const THEMES: Theme[] = ['system', 'light', 'dark'];
const DARK = matchMedia('(prefers-color-scheme: dark)');

class Prefs {
  theme = $state<Theme>(THEMES.find((t) => t === localStorage.getItem('whither.theme')) ?? 'system');
  /** Single keys disturb those who talk to their computer: they can be switched off. */
  keys = $state(localStorage.getItem('whither.keys') !== 'off');
  systemDark = $state(DARK.matches);
  dark = $derived(this.theme === 'dark' || (this.theme === 'system' && this.systemDark));

  constructor() {
    DARK.addEventListener('change', () => (this.systemDark = DARK.matches));
  }

  nextTheme(): void {
    this.theme = THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length] ?? 'system';
    localStorage.setItem('whither.theme', this.theme);
  }

  setKeys(on: boolean): void {
    this.keys = on;
    localStorage.setItem('whither.keys', on ? 'on' : 'off');
  }
}

export const prefs = new Prefs();
