/** Of the dispatcher's environment every runner gets these, and nothing else that nobody named. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'TERM'];

/** What of this process' environment every local runner gets. */
export const environmentForRunners = (): Readonly<Record<string, string>> =>
  Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
