/**
 * Makes one Ctrl-C count once. The terminal sends it to npm and to the script that npm runs, and npm
 * passes it on to the script as well; to the dispatcher a second signal means "do not wait any longer".
 */
const WINDOW_MS = 300;
const SIGNALS = new Set(['SIGINT', 'SIGTERM']);

const emit = process.emit.bind(process);
const lastSeen = new Map();

process.emit = (name, ...rest) => {
  if (SIGNALS.has(name)) {
    const now = performance.now();
    const last = lastSeen.get(name) ?? -Infinity;
    if (now - last < WINDOW_MS) return true;
    lastSeen.set(name, now);
  }
  return emit(name, ...rest);
};
