/** Header by which a command says who calls it; percent-encoded. */
export const ACTOR_HEADER = 'X-Dispatcher-Actor';
