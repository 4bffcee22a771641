/** Where the page is. The address holds the whole state: a screen reads it here and changes it here. */
import { changed } from './filters';
import { match } from './routes';

class Route {
  path = $state(location.pathname);
  search = $state(location.search);
  place = $derived(match(this.path));
  query = $derived(new URLSearchParams(this.search));

  constructor() {
    addEventListener('popstate', () => this.#read());
    addEventListener('click', (event) => this.#follow(event));
  }

  go(href: string, how: { replace?: boolean } = {}): void {
    const other = new URL(href, location.href).pathname !== this.path;
    history[how.replace ? 'replaceState' : 'pushState'](null, '', href);
    this.#read();
    if (other) scrollTo(0, 0);
  }

  /** Changes parts of the query; `null` takes one out. Selections replace, so that Back leaves the screen. */
  set(changes: Record<string, string | null>, how: { replace?: boolean } = { replace: true }): void {
    this.go(this.with(changes), how);
  }

  with(changes: Record<string, string | null>): string {
    return changed(this.path, this.query, changes);
  }

  #read(): void {
    this.path = location.pathname;
    this.search = location.search;
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.origin !== location.origin || link.hasAttribute('download')) return;
    if (link.pathname.startsWith('/api/')) return;
    event.preventDefault();
    this.go(link.pathname + link.search, { replace: link.dataset.replace !== undefined });
  }
}

export const route = new Route();
