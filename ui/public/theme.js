// Before the first paint, so that a dark page does not flash light. A file, as the page's policy allows no inline script.
(() => {
  const chosen = localStorage.getItem('whither.theme');
  const dark = chosen === 'dark' || (chosen !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
})();
