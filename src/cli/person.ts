import { userInfo } from 'node:os';

/** Who gives the command, for the event. */
export const person = (): string => {
  try {
    return `cli:${userInfo().username}`;
  } catch {
    return 'cli:unknown';
  }
};
